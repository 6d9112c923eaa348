import { failed, ok, warning } from "../finding";
import { isUnreachable } from "../snapshot";
import type { InsideCheck } from "./check";

/** Whether a node's own server answers, and takes writes. */
export const checkServer: InsideCheck = ({ node, inside: { server } }, { cluster }) => {
  const place = { check: "server", where: node.id };
  if (isUnreachable(server)) {
    return [failed(place, server.unreachable, remedyFor(server.unreachable, cluster.environment, node.id))];
  }
  const seen = `PostgreSQL ${server.postgres}`;
  if (server.in_recovery) {
    return [
      failed(
        place,
        `${seen} is in recovery: it takes no writes`,
        "a standby: promote it (SELECT pg_promote()), or correct the address",
      ),
    ];
  }
  if (server.read_only) {
    return [
      failed(
        place,
        `${seen} is read-only (default_transaction_read_only = on)`,
        "ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf(); and the same of ALTER DATABASE and ALTER ROLE",
      ),
    ];
  }
  const most = Number(server.settings["max_connections"]);
  if (server.connections >= 0.9 * most) {
    return [
      warning(
        place,
        `${server.connections} of ${most} connections are taken`,
        `end clients (npx pg-dist connections ${cluster.environment}), or raise max_connections`,
      ),
    ];
  }
  return [ok(place, `${seen}, ${server.connections} of ${most} connections`)];
};

function remedyFor(text: string, environment: string, id: string): string {
  if (/too many clients|remaining connection slots/.test(text)) {
    return "all connections are taken: end clients there (docker restart of the container ends all), or raise max_connections";
  }
  if (/database ".*" does not exist/.test(text)) {
    return "the database is made at a volume's first start only: CREATE DATABASE and CREATE EXTENSION citus there";
  }
  if (/starting up|not yet accepting|recovery/.test(text))
    return `wait, and follow npx pg-dist logs ${environment} ${id} --follow`;
  return `npx pg-dist logs ${environment} ${id} --since 10m`;
}

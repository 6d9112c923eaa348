import { type Finding, failed, ok, warning } from "../finding";
import { isUnreachable } from "../inspection";
import type { InsideCheck } from "./check";
import { WAL_LEVEL_REMEDY } from "../../../cluster/nodes/remedies";

/** Settings that Citus needs; all of them count from the start of a server. */
export const checkSettings: InsideCheck = ({ node, inside: { server } }, { cluster }) => {
  if (isUnreachable(server)) return [];
  const place = { check: "settings", where: node.id };
  const { settings } = server;
  const valueOf = (name: string) => settings[name] ?? "unknown";
  const number = (name: string) => Number(settings[name]);
  const workers = cluster.nodes.filter(({ role }) => role === "worker").length;
  const remedy = (name: string, value: string) =>
    `set ${name} = ${value} in the node's \`settings\` and apply (replaces its container)`;
  const findings: Finding[] = [];
  const libraries = (settings["shared_preload_libraries"] ?? "")
    .split(",")
    .map((each) => each.trim().replaceAll('"', ""));
  if (!["citus", "$libdir/citus"].includes(libraries[0] ?? "")) {
    findings.push(
      failed(
        place,
        `shared_preload_libraries = ${libraries.join(",") || "(empty)"}: citus is not the first`,
        remedy("shared_preload_libraries", "citus"),
      ),
    );
  }
  if (settings["wal_level"] !== "logical") {
    findings.push(
      // As in status: the cluster works, and a worker can't leave while it is written to.
      warning(
        place,
        `wal_level = ${valueOf("wal_level")}: its shards can't be moved online`,
        WAL_LEVEL_REMEDY,
      ),
    );
  }
  // Every distributed transaction needs one on each node; Citus itself makes 0 twice the connections.
  if (number("max_prepared_transactions") < number("max_connections")) {
    findings.push(
      warning(
        place,
        `max_prepared_transactions = ${valueOf("max_prepared_transactions")} for ${valueOf("max_connections")} connections: transactions over several nodes may fail`,
        remedy("max_prepared_transactions", `${2 * number("max_connections")}`),
      ),
    );
  }
  // A move needs a slot and a sender on its source, and few moves have the same source at once: PostgreSQL's default of ten
  // is enough, however many nodes there are. Background tasks need workers of their own.
  for (const [name, least] of [
    ["max_worker_processes", 8],
    ["max_wal_senders", Math.min(workers + 1, 10)],
    ["max_replication_slots", Math.min(workers + 1, 10)],
  ] as const) {
    if (number(name) < least) {
      findings.push(
        warning(
          place,
          `${name} = ${valueOf(name)} is low: moves of shards may wait or fail`,
          remedy(name, `${Math.max(least, 10)}`),
        ),
      );
    }
  }
  // Every node may open one connection to every other for each client that the coordinator serves at once.
  if (number("max_connections") < 2 * cluster.nodes.length + 10) {
    findings.push(
      warning(
        place,
        `max_connections = ${valueOf("max_connections")} for ${cluster.nodes.length} nodes`,
        remedy("max_connections", "300"),
      ),
    );
  }
  if (findings.length > 0) return findings;
  const shown = ["wal_level", "max_connections", "max_prepared_transactions", "max_worker_processes"];
  return [ok(place, shown.map((name) => `${name} ${valueOf(name)}`).join(", "))];
};

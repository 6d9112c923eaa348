import { randomBytes } from "node:crypto";
import type { Endpoint } from "../../../model/cluster";
import { type Answer, quoteLiteral, runOnNodes } from "../nodes/run-on-nodes";
import type { Session } from "../connection/session";
import { shellWord } from "../../base/shown-words";
import { SETTINGS } from "../connection/session-settings";

/** A server whose databases can be looked into, by whichever way leads to it. */
export interface LookedInto {
  /** In the cluster's database. */
  ask(statement: string): Promise<Answer>;
  /** In another database of the server; a statement on one line, without a backslash. */
  askIn(database: string, statement: string): Promise<Answer>;
}

/** A server that the coordinator reaches, registered or not. */
export function byCoordinator(session: Session, endpoint: Endpoint): LookedInto {
  const ask = async (statement: string): Promise<Answer> => {
    const [answer] = await runOnNodes(session, [endpoint], [statement]);
    return answer ?? { error: "no answer", connected: false };
  };
  return { ask, askIn: (database, statement) => askByPsql(ask, database, statement) };
}

/**
 * Citus connects only to databases of the coordinator's own name. Into the others the server looks itself: as a superuser we
 * may start its own psql, which comes in by the server's socket, and read what that wrote.
 */
async function askByPsql(
  ask: (statement: string) => Promise<Answer>,
  database: string,
  statement: string,
): Promise<Answer> {
  const file = `/tmp/pg-dist-${randomBytes(8).toString("hex")}`;
  const [user, port] = [await ask("SELECT current_user::text"), await ask("SELECT current_setting('port')")];
  if (!("value" in user)) return user;
  if (!("value" in port)) return port;
  // By a variable: as an argument, a name with "=" in it would be taken for a list of connection parameters.
  const command =
    `umask 077; PGDATABASE=${shellWord(database)} PGOPTIONS='${PSQL_SETTINGS}' PGAPPNAME=pg-dist PGCONNECT_TIMEOUT=10 ` +
    `exec psql -X -w -qAt -v ON_ERROR_STOP=1 -p ${port.value ?? ""} -U ${shellWord(user.value ?? "")} >${file} 2>&1`;
  const run = await ask(`COPY (SELECT ${quoteLiteral(statement)}) TO PROGRAM ${quoteLiteral(command)}`);
  const read = await ask(`SELECT pg_read_file('${file}', 0, 100000000, true)`);
  await ask(`COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; rm -f ${file}'`);
  const text = "value" in read ? (read.value ?? "").trim() : "";
  if ("value" in run) return { value: text };
  return { error: text === "" ? run.error : text.replace(/\s+/g, " "), connected: true };
}

/** Nothing that somebody else holds is waited for, and Citus hides no shards. */
export const PSQL_SETTINGS = Object.entries({
  ...SETTINGS,
  ...{ statement_timeout: "60s", lock_timeout: "10s", client_min_messages: "error" },
  "citus.override_table_visibility": "off",
})
  .map(([name, value]) => `-c ${name}=${value.replace(/[\\ ]/g, "\\$&")}`)
  .join(" ");

import { readFileSync } from "node:fs";
import { Client, type ClientConfig } from "pg";
import type { LockHolder } from "../errors/lock-info";
import { type BackendConfig, argumentOf } from "./argument";

/** How long its server may take, in milliseconds: who waits for a lock has an error to read anyway. */
const PATIENCE_MS = 5000;

/** What Terraform takes where the backend doesn't say it. */
const SCHEMA = "terraform_remote_state";

/**
 * The session that has the lock of this state; else the one that makes a new state, whose lock is that of all states in
 * the database: number -1. Terraform takes a session of its own for the lock and keeps it until it ends.
 */
const HOLDER = `
  SELECT a.pid, a.usename AS "user", host(a.client_addr) AS address,
         to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
   WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND (l.classid::bigint << 32 | l.objid::bigint) IN ($1::bigint, -1)
   ORDER BY l.classid
   LIMIT 1`;

/** Who holds the lock of a state in PostgreSQL: Terraform itself names the run that failed to get it. */
export async function findHolderInPg(
  config: BackendConfig,
  env: NodeJS.ProcessEnv,
): Promise<LockHolder | undefined> {
  const schema = argumentOf(config, "schema_name", env, "PG_SCHEMA_NAME") ?? SCHEMA;
  const client = new Client({
    ...connectionOf(argumentOf(config, "conn_str", env, "PG_CONN_STR") ?? "", env),
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
  });
  // The end of a connection that was lost; the query says it too.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number; user: string; address: string | null; since: string }>(
      HOLDER,
      [await numberOf(client, schema)],
    );
    const [holder] = rows;
    if (holder === undefined) return undefined;
    const from = holder.address === null ? "" : ` from ${holder.address}`;
    return { words: `${holder.user}${from}, since ${holder.since} UTC`, pid: holder.pid };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Of the state, as its lock has it; that of a new one where the state isn't there yet. */
async function numberOf(client: Client, schema: string): Promise<string> {
  const table = `${client.escapeIdentifier(schema)}.states`;
  const { rows: found } = await client.query<{ there: boolean }>(
    "SELECT to_regclass($1::text) IS NOT NULL AS there",
    [table],
  );
  if (found[0]?.there !== true) return "-1";
  const { rows } = await client.query<{ id: string }>(`SELECT id FROM ${table} WHERE name = 'default'`);
  return rows[0]?.id ?? "-1";
}

/**
 * As Terraform's client reads it: a URL or `host=... user=...`; encrypted unless it says otherwise, and verified where it says
 * so. What it leaves out, PGHOST and the like say to both.
 */
export function connectionOf(text: string, env: NodeJS.ProcessEnv): ClientConfig {
  const given = /^postgres(?:ql)?:/.test(text) ? ofUrl(new URL(text)) : ofWords(text);
  const { host, port, user, password, dbname } = given;
  const mode = given["sslmode"] ?? env["PGSSLMODE"] ?? "require";
  const root = given["sslrootcert"] ?? env["PGSSLROOTCERT"];
  const verified = mode.startsWith("verify-");
  return {
    ...(host && { host }),
    ...(port && { port: Number(port) }),
    ...(user && { user }),
    ...(password && { password }),
    ...(dbname && { database: dbname }),
    ssl:
      mode === "disable"
        ? false
        : {
            rejectUnauthorized: verified,
            ...(verified && root && { ca: readFileSync(root, "utf8") }),
            ...(mode === "verify-ca" && { checkServerIdentity: () => undefined }),
          },
  };
}

type Parameters = Readonly<Partial<Record<string, string>>>;

function ofUrl(url: URL): Parameters {
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    dbname: decodeURIComponent(url.pathname.slice(1)),
    ...Object.fromEntries(url.searchParams),
  };
}

/** `host=db user=terraform password='it\'s'` */
function ofWords(text: string): Parameters {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)\s*=\s*(?:'((?:\\.|[^'\\])*)'|((?:\\.|[^\s\\])*))/g)].map(
      ([, name = "", quoted, plain = ""]) => [name, (quoted ?? plain).replace(/\\(.)/g, "$1")],
    ),
  );
}

import type { Cluster, Endpoint } from "../../environments/cluster";
import { formatEndpoint } from "../../environments/cluster";
import { workersOf } from "../cluster-file";
import { Failure } from "../failure";
import type { Session } from "../session";
import { quoteLiteral, runOnNodes } from "./run-on-nodes";

/** Where nothing else is said, the kernel decides: a quarter of an hour, or two hours. In seconds, the last in milliseconds. */
const KEEPALIVE: Readonly<Record<string, number>> = {
  keepalives_idle: 10,
  keepalives_interval: 5,
  keepalives_count: 3,
  tcp_user_timeout: 30_000,
};

/** For whoever opens a connection to another node. */
const CONNINFO = "citus.node_conninfo";

/**
 * For the node to which it was opened, by PostgreSQL's names. Not tcp_user_timeout: these settings hold for every client,
 * and that one would also end the connection of whoever stops reading for as long (a dump into a slow pipe).
 */
const ACCEPTED: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(KEEPALIVE).flatMap(([name, value]) =>
    name.startsWith("keepalives") ? [[`tcp_${name}`, value]] : [],
  ),
);

const READ = `SELECT (SELECT json_agg(json_build_object('name', name, 'value', reset_val, 'source', source,
     'written', EXISTS (SELECT FROM pg_file_settings f WHERE f.name = s.name)))
   FROM pg_settings s WHERE name IN (${[CONNINFO, ...Object.keys(ACCEPTED)].map(quoteLiteral).join(", ")}))::text AS settings`;

interface Setting {
  readonly name: string;
  readonly value: string;
  readonly source: string;
  /** Whether it is in one of the server's files. */
  readonly written: boolean;
}

/**
 * Has all nodes notice within half a minute that another one is gone, at both ends of their connections. Else a shard that
 * is being moved to a server that vanished keeps all writes to it waiting, and what the vanished one had begun keeps its
 * locks, for which every later move waits. By ALTER SYSTEM, and only what nobody has set.
 *
 * @returns whether anything was changed
 */
export async function keepNodeConnectionsAlive(session: Session, cluster: Cluster): Promise<boolean> {
  const [own] = await session.query<{ settings: string | null }>(READ);
  const onCoordinator = changesFor(own?.settings);
  for (const statement of onCoordinator) await session.query(statement);
  if (onCoordinator.length > 0) await session.query(RELOAD);

  const endpoints = workersOf(cluster).map(({ endpoint }) => endpoint);
  const settings = await onWorkers(
    session,
    endpoints.map((endpoint) => ({ endpoint, statement: READ })),
  );
  const changes = settings.map(changesFor);
  // Each by itself, as ALTER SYSTEM runs in no transaction, and all at once: the server takes them one after the other.
  await onWorkers(
    session,
    endpoints.flatMap((endpoint, index) =>
      (changes[index] ?? []).map((statement) => ({ endpoint, statement })),
    ),
  );
  const changed = endpoints.filter((_endpoint, index) => changes[index]?.length !== 0);
  await onWorkers(
    session,
    changed.map((endpoint) => ({ endpoint, statement: RELOAD })),
  );
  return onCoordinator.length > 0 || changed.length > 0;
}

const RELOAD = "SELECT pg_reload_conf()";

function changesFor(answer: string | null | undefined): string[] {
  return (JSON.parse(answer ?? "[]") as Setting[]).flatMap((setting) => {
    const value = wanted(setting);
    return value === undefined ? [] : [`ALTER SYSTEM SET ${setting.name} = ${quoteLiteral(value)}`];
  });
}

/** Undefined where nothing is to be changed. */
function wanted({ name, value, source, written }: Setting): string | undefined {
  // Our own session on the coordinator has values of its own ("client"), which say nothing about the others'.
  if (name !== CONNINFO)
    return !written && ["default", "client"].includes(source) ? String(ACCEPTED[name]) : undefined;
  // On the command line it can't be changed by ALTER SYSTEM.
  const missing = Object.entries(KEEPALIVE).filter(
    ([keyword]) => !new RegExp(`\\b${keyword}\\b`).test(value),
  );
  if (source === "command line" || missing.length === 0) return undefined;
  return [value, ...missing.map(([keyword, each]) => `${keyword}=${each}`)].join(" ");
}

async function onWorkers(
  session: Session,
  work: readonly { readonly endpoint: Endpoint; readonly statement: string }[],
): Promise<(string | null)[]> {
  const answers = await runOnNodes(
    session,
    work.map(({ endpoint }) => endpoint),
    work.map(({ statement }) => statement),
  );
  return answers.map((answer, index) => {
    if ("value" in answer) return answer.value;
    const { endpoint, statement } = work[index] as (typeof work)[number];
    throw new Failure(
      `${formatEndpoint(endpoint)}: ${statement.split(" =")[0]} failed: ${answer.error}`,
      "see the server's log, then apply again",
    );
  });
}

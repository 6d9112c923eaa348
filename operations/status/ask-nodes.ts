import type { Endpoint } from "../../environments/cluster";
import { formatEndpoint } from "../../environments/cluster";
import { type Explained, explainConnection } from "../registration/connection-cause";
import { connectionCauses, withCauses } from "../registration/reachability";
import { runOnNodes } from "../registration/run-on-nodes";
import type { Session } from "../session";
import { SQLSTATE, sqlStateOf } from "../sqlstate";

/** What a node answered: the value, or why it didn't. */
export type NodeAnswer =
  | { readonly value: string }
  /** `error` is the server's own, where it was reached. */
  | { readonly failed: Explained; readonly error?: string };

/**
 * Parts of the time that a node has: the first round's connections and all of it, the second round, and the look for
 * causes. Together less than the whole, so that the answer is there in time.
 */
const SHARE = { connect: 0.3, first: 0.5, second: 0.2, causes: 0.2 };

/**
 * Citus connects to the nodes of one statement one after the other, so each node is asked from a session of its own where
 * that costs only a connection. By a tunnel it costs a process and a login, which servers limit.
 */
const MOST_TUNNELS = 3;

/**
 * Asks many nodes the same, through the coordinator. A node that is down, or takes the connection and then says nothing,
 * costs only its own answer: all are there within the time.
 *
 * @param statement gives one row with one column
 * @param timeoutMs for all of it
 */
export async function askNodes(
  session: Session,
  endpoints: readonly Endpoint[],
  statement: string,
  timeoutMs: number,
): Promise<NodeAnswer[]> {
  const most = await mostSessions(session, endpoints.length);
  const groups = split(endpoints, most);
  const answers = new Map<Endpoint, NodeAnswer | "silent" | "unreachable">();
  await inParallel(session, groups, most, async (own, group) => {
    await limit(own, timeoutMs, { connect: SHARE.connect, statement: SHARE.first });
    for (const [endpoint, answer] of await ask(own, group, statement)) answers.set(endpoint, answer);
  });
  // One that hangs takes the answers of its whole group with it: each of them is asked again by itself.
  const silent = endpoints.filter((endpoint) => answers.get(endpoint) === "silent");
  await inParallel(session, silent, most, async (own, endpoint) => {
    await limit(own, timeoutMs, { connect: SHARE.second / 2, statement: SHARE.second });
    for (const [, answer] of await ask(own, [endpoint], statement)) answers.set(endpoint, answer);
  });
  const unreachable = endpoints.filter((endpoint) => answers.get(endpoint) === "unreachable");
  await inParallel(session, unreachable, most, async (own, endpoint) => {
    await limit(own, timeoutMs, { connect: SHARE.causes / 2, statement: SHARE.causes });
    answers.set(endpoint, { failed: await whyNot(own, endpoint) });
  });
  await limit(session, timeoutMs, { connect: SHARE.connect, statement: 1 });
  return endpoints.map((endpoint) => {
    const answer = answers.get(endpoint);
    return typeof answer === "object" ? answer : { failed: noAnswer(endpoint, timeoutMs) };
  });
}

/** Half of the coordinator's free connections at most: its clients may want them. */
async function mostSessions(session: Session, nodes: number): Promise<number> {
  if (session.way.name !== "direct") return Math.min(nodes, MOST_TUNNELS);
  const [row] = await session.query<{ free: number }>(
    `SELECT current_setting('max_connections')::int - count(*)::int AS free
       FROM pg_stat_activity WHERE backend_type = 'client backend'`,
  );
  return Math.min(nodes, Math.max(Math.floor((row?.free ?? 0) / 2), 1));
}

function noAnswer(endpoint: Endpoint, timeoutMs: number): Explained {
  return {
    what: `${formatEndpoint(endpoint)} did not answer within ${timeoutMs / 1000} s`,
    remedy: "see the load and the disk of that server, and its log; --timeout gives it longer",
  };
}

async function ask(
  session: Session,
  group: readonly Endpoint[],
  statement: string,
): Promise<[Endpoint, NodeAnswer | "silent" | "unreachable"][]> {
  try {
    const answers = await runOnNodes(
      session,
      group,
      group.map(() => statement),
    );
    return group.map((endpoint, index) => {
      const answer = answers[index];
      if (answer === undefined) return [endpoint, "silent"];
      if ("value" in answer) return [endpoint, { value: answer.value ?? "null" }];
      if (!answer.connected) return [endpoint, "unreachable"];
      return [endpoint, { failed: explainError(answer.error), error: answer.error }];
    });
  } catch (error) {
    if (sqlStateOf(error) === SQLSTATE.queryCanceled) return group.map((endpoint) => [endpoint, "silent"]);
    throw error;
  }
}

function explainError(error: string): Explained {
  const text = error.replace(/\s+/g, " ").trim();
  if (/loaded Citus library version differs|does not match installed|older Citus/.test(text)) {
    return {
      what: `its Citus library and its extension have different versions (${text})`,
      remedy:
        "ALTER EXTENSION citus UPDATE there, as the first statement of a session; workers before the coordinator",
    };
  }
  if (/(pg_dist_|citus)/.test(text) && /does not exist|unrecognized configuration/.test(text)) {
    return {
      what: `its database has no Citus extension (${text})`,
      remedy: "CREATE EXTENSION citus there; or, if its first start was cut off, `pg-dist recover`",
    };
  }
  return { what: `it answers with an error: ${text}`, remedy: "see the server's log" };
}

async function whyNot(session: Session, endpoint: Endpoint): Promise<Explained> {
  const target = formatEndpoint(endpoint);
  try {
    const { ok, cause } = await withCauses(session, async () => {
      const [row] = await session.query<{ ok: boolean }>(
        "SELECT citus_check_connection_to_node($1, $2) AS ok",
        [endpoint.host, endpoint.port],
      );
      return { ok: row?.ok, cause: connectionCauses(session.takeMessages()).at(-1)?.cause };
    });
    if (ok === true) {
      const remedy = "see the load of that server and of the coordinator's; --timeout gives it longer";
      return { what: `${target} answered the coordinator only at the second attempt`, remedy };
    }
    return explainConnection(cause ?? "timed out", "the coordinator", target);
  } catch (error) {
    if (sqlStateOf(error) !== SQLSTATE.queryCanceled) throw error;
    return explainConnection("timed out", "the coordinator", target);
  }
}

async function limit(
  session: Session,
  timeoutMs: number,
  share: { connect: number; statement: number },
): Promise<void> {
  await session.query(
    `SELECT set_config('citus.node_connection_timeout', $1, false), set_config('statement_timeout', $2, false)`,
    [Math.max(Math.round(timeoutMs * share.connect), 200), Math.round(timeoutMs * share.statement)].map(
      String,
    ),
  );
}

/** Lets several sessions work on the items, at most so many at once: the given one, and others by the same way. */
async function inParallel<Item>(
  session: Session,
  items: readonly Item[],
  most: number,
  work: (session: Session, item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const run = async (own: Session) => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(own, item);
  };
  const others = Array.from({ length: Math.min(most, items.length) - 1 }, async () => {
    // A server without a connection to spare leaves the work to the first session.
    const own = await session.open().catch(() => undefined);
    if (own === undefined) return;
    await run(own).finally(() => own.end());
  });
  await Promise.all([run(session), ...others]);
}

function split<Item>(items: readonly Item[], parts: number): Item[][] {
  return Array.from({ length: parts }, (_, part) => items.filter((_item, index) => index % parts === part));
}

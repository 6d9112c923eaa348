import type { Endpoint } from "../../../model/cluster";
import { Deadline } from "../../base/deadline";
import { formatEndpoint } from "../../../model/cluster";
import { type Explained, explainConnection, explainConnectionTimeout } from "./connection-cause";
import { noExtensionRemedy } from "./no-extension";
import { TIMED_OUT, connectionCauses, withCauses } from "./reachability";
import { runOnNodes } from "./run-on-nodes";
import type { Place } from "../../base/place";
import type { Session } from "../connection/session";
import { remedyForSetting } from "./setting-cause";
import { SQLSTATE, sqlStateOf } from "../connection/sqlstate";
import { extensionRemedy } from "./remedies";

/** What a node answered: the value, or why it didn't. */
export type NodeAnswer =
  | { readonly value: string }
  | {
      readonly failed: Explained;
      /** The server's own, where it was reached. */
      readonly error?: string;
      /** It was reached at a second attempt, when no time was left to ask it. */
      readonly late?: true;
    };

/**
 * Parts of the time: until when the first round, the second one and the look for causes end; and how long one node may
 * take to be connected to, how long the second round waits for it, and how long a session may take to start.
 */
const SHARE = { first: 0.5, second: 0.75, causes: 1, connect: 0.3, again: 0.2, start: 0.3 };

/** Part of a statement's time that is left once its nodes are connected to: of one, or of many with silent ones among them. */
const ONCE_CONNECTED = { one: 0.8, many: 0.5 };

/** What each node is asked; as a function, of how long the answer may take there, in milliseconds. */
export type Question = string | ((limitMs: number) => string);

/**
 * Citus connects to the nodes of one statement one after the other, so each node is asked from a session of its own where
 * that costs only a connection. By a tunnel it costs a process and a login, which servers limit.
 */
const MOST_TUNNELS = 3;

/**
 * Asks many nodes the same, through the coordinator. A node that is down, or takes the connection and then says nothing,
 * costs only its own answer: all are there within the time, however many are silent and few sessions there are.
 *
 * @param statement gives one row with one column
 * @param timeoutMs for all of it
 * @param onFailing is called once, with those that have given no value when about half of the time is over, and with how
 *   much time is left; some of them may still give it
 */
export async function askNodes(
  session: Session,
  endpoints: readonly Endpoint[],
  statement: Question,
  timeoutMs: number,
  onFailing: (endpoints: readonly Endpoint[], leftMs: number) => void = () => undefined,
): Promise<NodeAnswer[]> {
  const deadline = Deadline.in(timeoutMs);
  const until = (share: number) => deadline.earlier(timeoutMs * (1 - share)).left();
  const most = await mostSessions(session, endpoints.length);
  const sessions = openSessions(session, most, timeoutMs * SHARE.start);
  const groups = split(endpoints, most);
  const answers = new Map<Endpoint, NodeAnswer | "silent" | "unreachable">();
  try {
    await inParallel(sessions, groups, async (own, group) => {
      const left = until(SHARE.first);
      if (left <= 0) return;
      // The silent ones of a group are waited for one after the other, and must leave the others their turn and the
      // statement its own time.
      await limit(own, {
        connect: Math.min(timeoutMs * SHARE.connect, (left * 0.8) / group.length),
        statement: left,
      });
      const limitMs = left * (group.length === 1 ? ONCE_CONNECTED.one : ONCE_CONNECTED.many);
      for (const [endpoint, answer] of await ask(own, group, inWords(statement, limitMs)))
        answers.set(endpoint, answer);
    });
    const failing = endpoints.filter((endpoint) => {
      const answer = answers.get(endpoint);
      return typeof answer !== "object" || "failed" in answer;
    });
    if (failing.length > 0) onFailing(failing, until(1));
    // One that hangs takes the answers of its whole group with it, and one that is only slow had a short turn there: each
    // of them is asked again by itself.
    const alone = groups.flatMap((group) => (group.length === 1 ? group : []));
    const unheard = endpoints.filter((endpoint) => {
      const answer = answers.get(endpoint);
      return typeof answer !== "object" && !(answer === "unreachable" && alone.includes(endpoint));
    });
    await eachInTime(
      sessions,
      unheard,
      () => until(SHARE.second),
      async (own, endpoint, share) => {
        const statementMs = Math.min(timeoutMs * SHARE.again, share);
        await limit(own, { connect: statementMs / 2, statement: statementMs });
        const asked = inWords(statement, statementMs * ONCE_CONNECTED.one);
        for (const [, answer] of await ask(own, [endpoint], asked)) answers.set(endpoint, answer);
      },
    );
    const unreachable = endpoints.filter((endpoint) => answers.get(endpoint) === "unreachable");
    await eachInTime(
      sessions,
      unreachable,
      () => until(SHARE.causes),
      async (own, endpoint, share) => {
        const statementMs = Math.min(timeoutMs * SHARE.again, share);
        await limit(own, { connect: statementMs / 2, statement: statementMs });
        answers.set(endpoint, await whyNot(own, endpoint));
      },
    );
  } finally {
    await Promise.all(sessions.others.map(async (own) => (await own)?.end()));
  }
  await limit(session, { connect: timeoutMs * SHARE.connect, statement: timeoutMs });
  return endpoints.map((endpoint) => {
    const answer = answers.get(endpoint);
    if (typeof answer === "object") return answer;
    if (answer === "unreachable")
      return { failed: explainConnectionTimeout(COORDINATOR, formatEndpoint(endpoint), session.place) };
    return { failed: noAnswer(endpoint, timeoutMs) };
  });
}

/** Half of the coordinator's free connections at most: its clients may want them. */
async function mostSessions(session: Session, nodes: number): Promise<number> {
  if (session.transport.name !== "direct") return Math.min(nodes, MOST_TUNNELS);
  const [row] = await session.query<{ free: number }>(
    `SELECT current_setting('max_connections')::int - count(*)::int AS free
       FROM pg_stat_activity WHERE backend_type = 'client backend'`,
  );
  return Math.min(nodes, Math.max(Math.floor((row?.free ?? 0) / 2), 1));
}

/** A question that may take less than this is not worth asking. In milliseconds. */
const LEAST_MS = 200;

const COORDINATOR = "the coordinator";

function noAnswer(endpoint: Endpoint, timeoutMs: number): Explained {
  return {
    what: `${formatEndpoint(endpoint)} did not answer within ${timeoutMs / 1000} s`,
    remedy: "check the load and the disk of that server, and its log; --timeout allows more time",
  };
}

function inWords(statement: Question, limitMs: number): string {
  return typeof statement === "string" ? statement : statement(limitMs);
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
      return [endpoint, { failed: explainError(answer.error, session.place), error: answer.error }];
    });
  } catch (error) {
    if (sqlStateOf(error) === SQLSTATE.queryCanceled) return group.map((endpoint) => [endpoint, "silent"]);
    throw error;
  }
}

function explainError(error: string, place: Place): Explained {
  const text = error.replace(/\s+/g, " ").trim();
  if (/loaded Citus library version differs|does not match installed|older Citus/.test(text)) {
    return {
      what: `its Citus library and its extension have different versions (${text})`,
      remedy: extensionRemedy("there"),
    };
  }
  if (/(pg_dist_|citus)/.test(text) && /does not exist|unrecognized configuration/.test(text)) {
    return {
      what: `its database has no Citus extension (${text})`,
      remedy: noExtensionRemedy(place),
    };
  }
  return {
    what: `it answers with an error: ${text}`,
    remedy: remedyForSetting(text) ?? "see the server's log",
  };
}

async function whyNot(session: Session, endpoint: Endpoint): Promise<NodeAnswer> {
  const target = formatEndpoint(endpoint);
  try {
    const { ok, cause } = await withCauses(session, async () => {
      const [row] = await session.query<{ ok: boolean }>(
        "SELECT citus_check_connection_to_node($1::text, $2::int) AS ok",
        [endpoint.host, endpoint.port],
      );
      return { ok: row?.ok, cause: connectionCauses(session.takeMessages()).at(-1)?.cause };
    });
    if (ok === true) {
      const remedy = "check the load of that server and of the coordinator's; --timeout allows more time";
      const what = `${target} answered the coordinator on the second attempt only`;
      return { failed: { what, remedy }, late: true };
    }
    if (cause === undefined || cause === TIMED_OUT)
      return { failed: explainConnectionTimeout(COORDINATOR, target, session.place) };
    return { failed: explainConnection(cause, COORDINATOR, target, session.place) };
  } catch (error) {
    if (sqlStateOf(error) !== SQLSTATE.queryCanceled) throw error;
    return { failed: explainConnectionTimeout(COORDINATOR, target, session.place) };
  }
}

/** In milliseconds, at least what a node nearby needs. */
async function limit(
  session: Session,
  { connect, statement }: { connect: number; statement: number },
): Promise<void> {
  await session.query(
    `SELECT set_config('citus.node_connection_timeout', $1::text, false), set_config('statement_timeout', $2::text, false)`,
    [connect, statement].map((milliseconds) => String(Math.max(Math.round(milliseconds), LEAST_MS))),
  );
}

/** The given session at once, and others by the same transport as soon as they are there. */
interface Sessions {
  readonly first: Session;
  /** Undefined where one couldn't be opened. */
  readonly others: readonly Promise<Session | undefined>[];
  /** How many are there by now. */
  opened: number;
}

function openSessions(first: Session, most: number, startMs: number): Sessions {
  const open = async () => {
    try {
      const session = await first.open(startMs);
      sessions.opened++;
      return session;
    } catch {
      // A server without a connection to spare leaves the work to the first session.
      return undefined;
    }
  };
  const sessions: Sessions = {
    first,
    others: Array.from({ length: Math.max(most - 1, 0) }, open),
    opened: 1,
  };
  return sessions;
}

/** Lets the sessions work on the items, each on one at a time. */
async function inParallel<Item>(
  sessions: Sessions,
  items: readonly Item[],
  work: (session: Session, item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  await Promise.all(
    [sessions.first, ...sessions.others].map(async (opening) => {
      // Whoever comes late finds what is left.
      const own = await opening;
      if (own === undefined) return;
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(own, item);
    }),
  );
}

/**
 * As `inParallel`, with an equal share of the time that is left for each item that is left: those that hang can't use up
 * the time of the others. What there is no time for is left out.
 */
async function eachInTime<Item>(
  sessions: Sessions,
  items: readonly Item[],
  remaining: () => number,
  work: (session: Session, item: Item, share: number) => Promise<void>,
): Promise<void> {
  let waiting = items.length;
  await inParallel(sessions, items, async (own, item) => {
    const left = remaining();
    const share = Math.min(left, (left * sessions.opened) / waiting--);
    if (left >= LEAST_MS) await work(own, item, Math.max(share, LEAST_MS));
  });
}

function split<Item>(items: readonly Item[], parts: number): Item[][] {
  return Array.from({ length: parts }, (_, part) => items.filter((_item, index) => index % parts === part));
}

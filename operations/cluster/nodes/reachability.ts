import type { Endpoint } from "../../../model/cluster";
import { Deadline } from "../../base/deadline";
import { formatEndpoint } from "../../../model/cluster";
import type { Problem } from "../../base/failure";
import type { Place } from "../../base/place";
import type { ServerMessage, Session } from "../connection/session";
import { type Explained, explainConnection, isStarting } from "./connection-cause";
import { remedyForWords } from "./node-failure";
import { quoteLiteral, runOnNodes } from "./run-on-nodes";
import { AGAIN, advise } from "../../base/remedy";

/** A node by the name that it has in the output. */
export interface Peer {
  readonly id: string;
  readonly endpoint: Endpoint;
}

/** What one node is to connect to. */
export interface Reach {
  readonly from: Peer;
  readonly to: readonly Peer[];
}

/** The cause where libpq gave none, as Citus' own limit ended the attempt. */
export const TIMED_OUT = "timed out";

/** How long one node waits for another before it counts as unreachable. Citus tries twice. In milliseconds. */
const NODE_CONNECTION_MS = 10_000;

/** Has the coordinator, too, wait no longer than this for a node, in the rest of the session. */
export async function limitNodeConnections(session: Session): Promise<void> {
  await session.query(`SET citus.node_connection_timeout = ${NODE_CONNECTION_MS}`);
}

/** How long a node that is starting up is waited for. In milliseconds. */
const START_MS = 60_000;

/** Why the coordinator doesn't reach an endpoint, in words. A node that is only starting is waited for. */
export async function whyUnreachable(session: Session, endpoint: Endpoint): Promise<Explained> {
  const deadline = Deadline.in(START_MS);
  for (;;) {
    session.takeMessages();
    const [row] = await session.query<{ ok: boolean | null }>(
      "SELECT citus_check_connection_to_node($1::text, $2::int) AS ok",
      [endpoint.host, endpoint.port],
    );
    const cause = connectionCauses(session.takeMessages()).at(-1)?.cause;
    const target = formatEndpoint(endpoint);
    if (row?.ok === true) return { what: `${target} did not answer at first`, remedy: advise`${AGAIN}` };
    if (!isStarting(cause) || deadline.passed) {
      return explainConnection(cause, "the coordinator", target, session.place);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/**
 * Lets nodes connect to others by their registered names, all at once: one connection per pair, and one statement per
 * node. The first reach is the coordinator's own.
 *
 * @returns a problem per pair that fails
 */
export async function checkReachability(
  session: Session,
  coordinator: Reach,
  others: readonly Reach[],
): Promise<Problem[]> {
  return await withCauses(session, async () => {
    const own = await session.query<{ ok: boolean | null }>(
      "SELECT citus_check_connection_to_node(host, port) AS ok FROM unnest($1::text[], $2::int[]) AS t(host, port)",
      [
        coordinator.to.map(({ endpoint }) => endpoint.host),
        coordinator.to.map(({ endpoint }) => endpoint.port),
      ],
    );
    const answers = await runOnNodes(
      session,
      others.map(({ from }) => from.endpoint),
      others.map(({ to }) => checkStatement(to)),
    );
    const causes = connectionCauses(session.takeMessages());
    const problems = failingPairs(
      coordinator,
      own.map(({ ok }) => ok),
      { causes, place: session.place },
    );
    for (const [index, reach] of others.entries()) {
      const answer = answers[index];
      if (answer !== undefined && "value" in answer) {
        const results = JSON.parse(answer.value ?? "[]") as (boolean | null)[];
        problems.push(...failingPairs(reach, results, { causes, place: session.place }));
      } else {
        const error = answer?.error ?? "no answer";
        problems.push({
          node: reach.from.id,
          what: `could not be asked which nodes it reaches: ${error}`,
          remedy: advise`${remedyForWords(error, { ...session.place, nodes: [reach.from] }, reach.from.id)}; then ${AGAIN}`,
        });
      }
    }
    return problems;
  });
}

function failingPairs(
  reach: Reach,
  results: readonly (boolean | null)[],
  { causes, place }: { readonly causes: readonly ConnectionCause[]; readonly place: Place },
): Problem[] {
  return reach.to.flatMap((peer, index) => {
    if (results[index] === true) return [];
    const target = formatEndpoint(peer.endpoint);
    const cause =
      causes.find(({ from, to }) => to === target && from === formatEndpoint(reach.from.endpoint)) ??
      causes.find(({ from, to }) => to === target && from === undefined);
    return [{ node: peer.id, ...explainConnection(cause?.cause, reach.from.id, target, place) }];
  });
}

/** One statement with one value. The node's own time limit may be Citus' default of 30 s, twice. */
function checkStatement(peers: readonly Peer[]): string {
  const hosts = peers.map(({ endpoint }) => quoteLiteral(endpoint.host)).join(", ");
  const ports = peers.map(({ endpoint }) => endpoint.port).join(", ");
  return `WITH patience AS MATERIALIZED (
            SELECT set_config('citus.node_connection_timeout', '${NODE_CONNECTION_MS}', true))
          SELECT coalesce(json_agg(citus_check_connection_to_node(host, port) ORDER BY number), '[]')::text
            FROM patience, unnest(ARRAY[${hosts}]::text[], ARRAY[${ports}]::int[]) WITH ORDINALITY AS t(host, port, number)`;
}

export interface ConnectionCause {
  /** Endpoint of the node that tried; undefined for the coordinator itself. */
  readonly from?: string;
  readonly to: string;
  readonly cause: string;
}

/**
 * Connection errors among the server's messages. What happens on another node arrives as DEBUG1, with the node in its
 * detail (run on Citus 13.0.3 and 13.2.2).
 */
export function connectionCauses(messages: readonly ServerMessage[]): ConnectionCause[] {
  return messages.flatMap(({ text, detail }) => {
    const match =
      /connection to the remote node (?:.+@)?(\S+:\d+) failed(?: with the following error: (.*))?/s.exec(
        text,
      );
    const from = /from (\S+:\d+)/.exec(detail)?.[1];
    // Without a cause it was Citus' own time limit that ended the attempt.
    if (match?.[1] !== undefined)
      return [{ from, to: match[1], cause: match[2]?.replace(/\s+/g, " ") ?? TIMED_OUT }];
    return [];
  });
}

/** While `work` runs, messages of the other nodes arrive too. */
export async function withCauses<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  await session.query("SET client_min_messages = debug1");
  session.takeMessages();
  try {
    return await work();
  } finally {
    await session.query("SET client_min_messages = notice");
  }
}

import type { Endpoint } from "../../environments/cluster";
import { formatEndpoint } from "../../environments/cluster";
import type { Connected } from "../commands/target";
import { readRecord } from "../record";
import { type Explained, explainConnection } from "../registration/connection-cause";
import { COORDINATOR_GROUP, type RegisteredNode, readRegistered } from "../registration/pg-dist-node";
import { type ConnectionCause, connectionCauses, withCauses } from "../registration/reachability";
import { quoteLiteral, runOnNodes } from "../registration/run-on-nodes";
import type { Session } from "../session";
import { SQLSTATE, sqlStateOf } from "../sqlstate";
import { labelOf } from "./ask-all";
import { type NodeAnswer, askNodes } from "./ask-nodes";
import { type Explanations, askContainers, explainFailed } from "./down-containers";

/** A node as it is named in the output. */
export interface Peer {
  readonly label: string;
  readonly endpoint: Endpoint;
}

/** Whether one node connects to another; null where it couldn't be asked. */
export interface Pair {
  readonly from: string;
  readonly to: string;
  readonly healthy: boolean | null;
}

/** Why pairs fail: all to one node, or one by one. */
export interface BrokenLink extends Explained {
  /** The node that isn't reached. */
  readonly node: string;
  /** Those that don't reach it. */
  readonly from: readonly string[];
}

export interface Health {
  readonly nodes: readonly Peer[];
  readonly pairs: readonly Pair[];
  readonly broken: readonly BrokenLink[];
  /** Registered, but not active: Citus doesn't use them, and they are left out. */
  readonly inactive: readonly string[];
}

/** Parts of the time: to ask the nodes whom they reach, and for the causes, Docker's answers beside them; and how long one connection may take. */
const SHARE = { matrix: 0.65, connect: 0.09, causes: 0.25 };

/**
 * Lets every active node connect to every one, itself included. `citus_check_cluster_node_health()` answers the same, but
 * a single node that drops packets makes it take a minute (run on 13.0.3): the other nodes wait for it with
 * limits of their own. Here every node connects to all at once, with ours.
 */
export async function checkHealth(target: Connected): Promise<Health> {
  const { session, timeoutMs } = target;
  const registered = await readRegistered(session);
  const record = await readRecord(session);
  const named = registered.map((node) => ({ ...node, label: labelOf(target, node, record) }));
  const nodes = named.filter(({ isactive }) => isactive);
  const answers = await askNodes(
    session,
    nodes.map(({ endpoint }) => endpoint),
    reachStatement(nodes, timeoutMs * SHARE.connect),
    timeoutMs * SHARE.matrix,
  );
  const pairs = nodes.flatMap((from, source) =>
    nodes.map(({ label }, index): Pair => ({
      from: from.label,
      to: label,
      healthy: reaches(from, answers, source, index),
    })),
  );
  const failed = nodes.filter((_node, index) => "failed" in (answers[index] ?? {})).map(({ label }) => label);
  const [causes, containers] = await Promise.all([
    readCauses(session, nodes, pairs, timeoutMs * SHARE.causes),
    askContainers(target, failed, timeoutMs * (1 - SHARE.matrix)),
  ]);
  return {
    nodes: nodes.map(({ label, endpoint }) => ({ label, endpoint })),
    pairs,
    broken: explain(nodes, answers, { pairs, causes, containers }),
    inactive: named.filter(({ isactive }) => !isactive).map(({ label }) => label),
  };
}

type Node = RegisteredNode & Peer;

/** The coordinator's own connections are those by which the nodes were asked. */
function reaches(from: Node, answers: readonly NodeAnswer[], source: number, index: number): boolean | null {
  if (from.groupid === COORDINATOR_GROUP) {
    const answer = answers[index];
    return answer !== undefined && ("value" in answer || answer.error !== undefined);
  }
  const answer = answers[source];
  if (answer === undefined || !("value" in answer)) return null;
  return (JSON.parse(answer.value) as boolean[])[index] ?? null;
}

/** One boolean per peer, in their order. All connections are begun at once, so that limits don't add up. */
function reachStatement(peers: readonly Peer[], limitMs: number): string {
  const hosts = peers.map(({ endpoint }) => quoteLiteral(endpoint.host)).join(", ");
  const ports = peers.map(({ endpoint }) => endpoint.port).join(", ");
  const statements = peers.map(() => "'SELECT 1'").join(", ");
  return `WITH patience AS MATERIALIZED (SELECT set_config('citus.node_connection_timeout', '${Math.round(limitMs)}', true) AS ms)
          SELECT json_agg(r.success)::text FROM patience, LATERAL master_run_on_worker(
            CASE WHEN ms <> '' THEN ARRAY[${hosts}]::text[] END, ARRAY[${ports}]::int[], ARRAY[${statements}]::text[], true) r`;
}

/** What libpq says of the pairs that fail; nothing of those for which there is no time left. */
async function readCauses(
  session: Session,
  nodes: readonly Node[],
  pairs: readonly Pair[],
  timeoutMs: number,
): Promise<ConnectionCause[]> {
  const sources = nodes
    .filter(({ groupid }) => groupid !== COORDINATOR_GROUP)
    .map((from) => ({ from, to: nodes.filter(({ label }) => failing(pairs, from.label, label)) }))
    .filter(({ to }) => to.length > 0);
  if (sources.length === 0) return [];
  const most = Math.max(...sources.map(({ to }) => to.length));
  const limitMs = Math.max(Math.round((timeoutMs * 0.7) / most), 100);
  await session.query("SELECT set_config('statement_timeout', $1, false)", [String(Math.round(timeoutMs))]);
  return withCauses(session, async () => {
    try {
      await runOnNodes(
        session,
        sources.map(({ from }) => from.endpoint),
        sources.map(({ to }) => causeStatement(to, limitMs)),
      );
    } catch (error) {
      if (sqlStateOf(error) !== SQLSTATE.queryCanceled) throw error;
    }
    return connectionCauses(session.takeMessages());
  });
}

function causeStatement(peers: readonly Peer[], limitMs: number): string {
  const checks = peers.map(
    ({ endpoint }) => `citus_check_connection_to_node(${quoteLiteral(endpoint.host)}, ${endpoint.port})`,
  );
  return `WITH patience AS MATERIALIZED (SELECT set_config('citus.node_connection_timeout', '${limitMs}', true) AS ms)
          SELECT CASE WHEN ms <> '' THEN ARRAY[${checks.join(", ")}] END::text FROM patience`;
}

function failing(pairs: readonly Pair[], from: string, to: string): boolean {
  return pairs.some((pair) => pair.from === from && pair.to === to && pair.healthy === false);
}

/** A node that nobody reaches is one thing that is wrong, and not as many as there are nodes. */
function explain(
  nodes: readonly Node[],
  answers: readonly NodeAnswer[],
  {
    pairs,
    causes,
    containers,
  }: {
    readonly pairs: readonly Pair[];
    readonly causes: readonly ConnectionCause[];
    readonly containers: Explanations;
  },
): BrokenLink[] {
  const coordinator = nodes.find(({ groupid }) => groupid === COORDINATOR_GROUP)?.label ?? "the coordinator";
  const judged = nodes.map((node, index) => {
    const known = pairs.filter(({ to, healthy }) => to === node.label && healthy !== null);
    const from = known.filter(({ healthy }) => healthy === false).map((pair) => pair.from);
    const answer = answers[index];
    const own = answer !== undefined && "failed" in answer ? answer.failed : undefined;
    return { node, from, own, byNobody: own !== undefined && from.length === known.length };
  });
  const unreached = explainFailed(
    judged.filter(({ byNobody }) => byNobody).map(({ node, own }) => ({ label: node.label, failed: own })),
    containers,
  );
  const links: BrokenLink[] = [];
  for (const { node, from, own } of judged) {
    const explained = unreached.find(({ label }) => label === node.label)?.failed;
    if (explained !== undefined) {
      links.push({ node: node.label, from, ...explained });
      continue;
    }
    for (const source of from) {
      const pair =
        source === coordinator && own !== undefined ? own : explainPair(nodes, source, node, causes);
      links.push({ node: node.label, from: [source], ...pair });
    }
    // Reached, and yet without an answer.
    if (own !== undefined && from.length === 0) links.push({ node: node.label, from, ...own });
  }
  return links;
}

function explainPair(
  nodes: readonly Node[],
  source: string,
  { endpoint }: Peer,
  causes: readonly ConnectionCause[],
): Explained {
  const target = formatEndpoint(endpoint);
  const from = nodes.find(({ label }) => label === source)?.endpoint;
  const cause = causes.find(
    (each) => each.to === target && from !== undefined && each.from === formatEndpoint(from),
  );
  return explainConnection(cause?.cause ?? "timed out", source, target);
}

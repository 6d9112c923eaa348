import type { Connected } from "../../cluster/connection/target";
import { Deadline } from "../../base/deadline";
import { askWho } from "../../cluster/nodes/ask-who";
import { COORDINATOR_GROUP } from "../../cluster/nodes/registered";
import { readView } from "../../cluster/nodes/read-view";
import { quoteLiteral } from "../../cluster/nodes/run-on-nodes";
import { isRegistered } from "../../cluster/nodes/view";
import { type NodeAnswer, askNodes } from "../../cluster/nodes/ask-nodes";
import { askContainers } from "../../cluster/nodes/down-containers";
import { type BrokenLink, type SlowLink, explainBroken, explainSlow } from "./explain-links";
import { type Node, type Pair, type Peer, type TriedLink, doubtfulLinks, isReachedAfterAll } from "./links";
import { tryAgain } from "../../cluster/nodes/try-again";

export interface Health {
  readonly nodes: readonly Peer[];
  readonly pairs: readonly Pair[];
  readonly broken: readonly BrokenLink[];
  readonly slow: readonly SlowLink[];
  /** Registered, but not active: Citus doesn't use them, and they are left out. */
  readonly inactive: readonly string[];
}

/**
 * Parts of the time: to ask the nodes whom they reach, and for the second attempts, Docker's answers beside them; and how
 * long one connection may take at the first attempt and at the second. The help and docs/operating.md name the last two.
 */
const SHARE = { matrix: 0.65, again: 0.25, connect: 0.1, patience: 0.3 };

/** At the first attempt a node that is near gets as much in any case. In milliseconds. */
const LEAST_CONNECT_MS = 50;

/**
 * Lets every active node connect to every one, itself included. `citus_check_cluster_node_health()` answers the same, but
 * a single node that drops packets makes it take a minute (run on 13.0.3): the other nodes wait for it with
 * limits of their own. Here all nodes try at once, with ours: quickly, and those links that fail once more with patience.
 */
export async function checkHealth(target: Connected): Promise<Health> {
  const { session, cluster, timeoutMs } = target;
  const view = await readView(session, cluster, askWho(timeoutMs));
  const again = Deadline.in(timeoutMs * (SHARE.matrix + SHARE.again));
  const named = view.filter(isRegistered).map(({ label, registered }) => ({ ...registered, label }));
  const nodes = named.filter(({ isactive }) => isactive);
  const answers = await askNodes(
    session,
    nodes.map(({ endpoint }) => endpoint),
    (limitMs) => reachStatement(nodes, { limitMs, connectMs: timeoutMs * SHARE.connect }),
    timeoutMs * SHARE.matrix,
  );
  const first = nodes.flatMap((from, source) =>
    nodes.map(({ label }, index): Pair => ({
      from: from.label,
      to: label,
      healthy: reaches(from, answers, source, index),
    })),
  );
  const failed = nodes.filter((_node, index) => "failed" in (answers[index] ?? {})).map(({ label }) => label);
  const doubtful = doubtfulLinks(nodes, answers, first);
  const [attempts, containers] = await Promise.all([
    tryAgain(
      session,
      doubtful.map(({ from, to }) => ({ from: from.endpoint, to: to.endpoint })),
      timeoutMs * SHARE.patience,
      again,
    ),
    askContainers(target, failed, timeoutMs * (1 - SHARE.matrix)),
  ]);
  const links = doubtful.map((link, index): TriedLink => ({ ...link, attempt: attempts[index] ?? "untold" }));
  const pairs = first.map((pair) => (isReachedAfterAll(links, pair) ? { ...pair, healthy: true } : pair));
  return {
    nodes: nodes.map(({ label, endpoint }) => ({ label, endpoint })),
    pairs,
    broken: explainBroken(nodes, answers, { pairs, links, containers, place: session.place }),
    slow: links.flatMap(explainSlow),
    inactive: named.filter(({ isactive }) => !isactive).map(({ label }) => label),
  };
}

/** The coordinator's own connections are those by which the nodes were asked. */
function reaches(from: Node, answers: readonly NodeAnswer[], source: number, index: number): boolean | null {
  if (from.groupid === COORDINATOR_GROUP) {
    const answer = answers[index];
    return answer !== undefined && ("value" in answer || answer.error !== undefined || answer.late === true);
  }
  const answer = answers[source];
  if (answer === undefined || !("value" in answer)) return null;
  return (JSON.parse(answer.value) as boolean[])[index] ?? null;
}

/**
 * One boolean per peer, in their order. Citus connects to one after the other: each gets an equal share of the time that
 * is left, so that those who are silent leave the others their turn, however many they are.
 */
function reachStatement(
  peers: readonly Peer[],
  { limitMs, connectMs }: { readonly limitMs: number; readonly connectMs: number },
): string {
  const rows = peers.map(({ endpoint: { host, port } }, index) => {
    return `(${index}, ${quoteLiteral(host)}, ${port})`;
  });
  const left = `${Math.round(limitMs)} - extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000`;
  const share = `least(${Math.round(connectMs)}, (${left}) / (${peers.length} - n))`;
  return `SELECT json_agg(r.success ORDER BY n)::text
            FROM (VALUES ${rows.join(", ")}) peer(n, host, port),
                 LATERAL (SELECT set_config('citus.node_connection_timeout',
                            greatest(${LEAST_CONNECT_MS}, ${share})::int::text, true) AS ms OFFSET 0) patience,
                 LATERAL master_run_on_worker(CASE WHEN ms <> '' THEN ARRAY[host] END, ARRAY[port], ARRAY['SELECT 1'], true) r`;
}

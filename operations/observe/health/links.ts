import type { Endpoint } from "../../../model/cluster";
import type { Explained } from "../../cluster/nodes/connection-cause";
import { COORDINATOR_GROUP, type RegisteredNode } from "../../cluster/nodes/registered";
import type { NodeAnswer } from "../../cluster/nodes/ask-nodes";
import type { Attempt } from "../../cluster/nodes/try-again";

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

/** A node that takes part. */
export type Node = RegisteredNode & Peer;

/** A link that failed at the first attempt, between two nodes of which neither is known to be down. */
export interface Doubtful {
  readonly from: Node;
  readonly to: Node;
}

export interface TriedLink extends Doubtful {
  readonly attempt: Attempt;
}

/** What the coordinator and the others found of a node. */
export interface Judged {
  readonly node: Node;
  /** Those that don't reach it. */
  readonly from: readonly string[];
  /** Why it gave the coordinator no answer. */
  readonly own?: Explained;
  readonly byNobody: boolean;
}

/** Without those to a node that nobody reaches: why, the coordinator has found out. Its own links it has tried twice. */
export function doubtfulLinks(
  nodes: readonly Node[],
  answers: readonly NodeAnswer[],
  pairs: readonly Pair[],
): Doubtful[] {
  const unreached = judge(nodes, answers, pairs).filter(({ byNobody }) => byNobody);
  const targets = nodes.filter(({ label }) => unreached.every(({ node }) => node.label !== label));
  return nodes
    .filter(({ groupid }) => groupid !== COORDINATOR_GROUP)
    .flatMap((from) => targets.map((to) => ({ from, to })))
    .filter(({ from, to }) => pairs.some((pair) => isPair(pair, from, to) && pair.healthy === false));
}

function isPair(pair: Pair, from: Peer, to: Peer): boolean {
  return pair.from === from.label && pair.to === to.label;
}

export function isReachedAfterAll(links: readonly TriedLink[], pair: Pair): boolean {
  return links.some(({ from, to, attempt }) => isPair(pair, from, to) && isReached(attempt));
}

export function isReached(attempt: Attempt): attempt is Extract<Attempt, { reachedMs: number }> {
  return attempt !== "untold" && "reachedMs" in attempt;
}

export function judge(
  nodes: readonly Node[],
  answers: readonly NodeAnswer[],
  pairs: readonly Pair[],
): Judged[] {
  return nodes.map((node, index) => {
    const known = pairs.filter(({ to, healthy }) => to === node.label && healthy !== null);
    const from = known.filter(({ healthy }) => healthy === false).map((pair) => pair.from);
    const answer = answers[index];
    const own = answer !== undefined && "failed" in answer ? answer.failed : undefined;
    return { node, from, own, byNobody: own !== undefined && from.length === known.length };
  });
}

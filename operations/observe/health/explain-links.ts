import { formatEndpoint } from "../../../model/cluster";
import {
  type Explained,
  explainConnection,
  explainConnectionTimeout,
} from "../../cluster/nodes/connection-cause";
import type { Place } from "../../base/place";
import { COORDINATOR_GROUP } from "../../cluster/nodes/registered";
import type { NodeAnswer } from "../../cluster/nodes/ask-nodes";
import { type Explanations, explainFailed } from "../../cluster/nodes/down-containers";
import { type Node, type Pair, type Peer, type TriedLink, isReached, judge } from "./links";

/** Why pairs fail: all to one node, or one by one. */
export interface BrokenLink extends Explained {
  /** The node that isn't reached. */
  readonly node: string;
  /** Those that don't reach it. */
  readonly from: readonly string[];
}

/** A pair that is reached, but only at a second attempt: healthy, and worth to know. */
export interface SlowLink extends Explained {
  readonly node: string;
  readonly from: string;
}

/** A node that nobody reaches is one thing that is wrong, and not as many as there are nodes. */
export function explainBroken(
  nodes: readonly Node[],
  answers: readonly NodeAnswer[],
  {
    pairs,
    links: tried,
    containers,
    place,
  }: {
    readonly pairs: readonly Pair[];
    readonly links: readonly TriedLink[];
    readonly containers: Explanations;
    readonly place: Place;
  },
): BrokenLink[] {
  const coordinator = nodes.find(({ groupid }) => groupid === COORDINATOR_GROUP)?.label ?? "the coordinator";
  const judged = judge(nodes, answers, pairs);
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
        source === coordinator && own !== undefined
          ? own
          : explainPair(source, node, { links: tried, place });
      links.push({ node: node.label, from: [source], ...pair });
    }
    // Reached, and yet without an answer.
    if (own !== undefined && from.length === 0) links.push({ node: node.label, from, ...own });
  }
  return links;
}

function explainPair(
  source: string,
  to: Peer,
  { links, place }: { readonly links: readonly TriedLink[]; readonly place: Place },
): Explained {
  const target = formatEndpoint(to.endpoint);
  const link = links.find((each) => each.from.label === source && each.to.label === to.label);
  if (link === undefined || link.attempt === "untold" || isReached(link.attempt)) {
    return {
      what: `${source} did not reach ${target} at once, and no time was left to find out why`,
      remedy: "--timeout allows more time",
    };
  }
  const { cause, limitMs } = link.attempt;
  if (cause !== undefined) return explainConnection(cause, source, target, place);
  const { what, remedy } = explainConnectionTimeout(source, target, place);
  return { what: `${what} within ${formatTook(limitMs)}`, remedy };
}

export function explainSlow({ from, to, attempt }: TriedLink): SlowLink[] {
  if (!isReached(attempt)) return [];
  const took = formatTook(attempt.reachedMs);
  return [
    {
      node: to.label,
      from: from.label,
      what: `${formatEndpoint(to.endpoint)} answers ${from.label} on the second attempt only, after ${took}`,
      remedy: "see how long packets take between the two servers, and their load; --timeout allows more time",
    },
  ];
}

/** `40 ms`, `1.3 s` */
function formatTook(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

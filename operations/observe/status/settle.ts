import { setTimeout as sleep } from "node:timers/promises";
import type { Connected } from "../../cluster/connection/target";
import { COORDINATOR_GROUP, type RegisteredNode } from "../../cluster/nodes/registered";
import { type Asked, askRegistered } from "../../cluster/nodes/ask-all";
import { NODE_METADATA, type NodeState } from "../../cluster/nodes/node-state";

type Answer = Pick<Asked<NodeState>, "value" | "failed">;
type Metadata = Pick<NodeState, "metadata_digest" | "missing_shards" | "missing_count">;

/** As long as a statement that changes tables needs at most to commit on all nodes, once it has begun to. In milliseconds. */
const SETTLE_MS = 500;

/** Part of the time that the second look may take. */
const AGAIN_SHARE = 0.5;

/**
 * A table that is made or dropped commits on one node after the other, and the nodes are asked one after the other: what
 * differs is asked once more, and what has changed meanwhile is no difference.
 */
export async function settle(
  target: Connected,
  nodes: readonly (RegisteredNode & { readonly label: string })[],
  answers: readonly Answer[],
): Promise<Answer[]> {
  const coordinator = nodes.findIndex(({ groupid }) => groupid === COORDINATOR_GROUP);
  const own = answers[coordinator]?.value?.metadata_digest;
  const differs = answers.some(
    ({ value }) => value !== undefined && (value.missing_count > 0 || value.metadata_digest !== own),
  );
  if (!differs || own === undefined) return [...answers];
  await sleep(SETTLE_MS);
  const patient = { ...target, timeoutMs: target.timeoutMs * AGAIN_SHARE };
  const again = await askRegistered<Metadata>(patient, nodes, NODE_METADATA);
  const changes = again[coordinator]?.value?.metadata_digest !== own;
  return answers.map(({ value, failed }, index): Answer => {
    const now = again[index]?.value;
    if (value === undefined || now === undefined) return { value, failed };
    return { value: { ...value, ...compare(value, now, changes) } };
  });
}

/** What was so both times. */
function compare(before: Metadata, now: Metadata, coordinatorChanges: boolean): Metadata {
  const still = now.missing_shards.some((name) => before.missing_shards.includes(name));
  return {
    metadata_digest:
      coordinatorChanges || before.metadata_digest !== now.metadata_digest ? null : now.metadata_digest,
    missing_shards: still ? now.missing_shards : [],
    missing_count: still ? now.missing_count : 0,
  };
}

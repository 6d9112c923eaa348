import type { Fingerprint, NodeFingerprint } from "../../../../operations/observe/review/fingerprint";

/** A node that answers and takes shards. */
export function someNode(id: string, nodeid: number, more: Partial<NodeFingerprint> = {}): NodeFingerprint {
  return {
    ...{ id, nodeid, endpoint: `10.0.0.${nodeid}:5432`, server: `server of ${id}` },
    ...{ isactive: true, shouldhaveshards: true, silent: null, shards: {} },
    ...more,
  };
}

/** A coordinator and two workers with four shards of one table. */
export function someFingerprint(...workers: readonly NodeFingerprint[]): Fingerprint {
  const [one, other] = [{ "public.event": ["102008", "102010"] }, { "public.event": ["102009", "102011"] }];
  const nodes = [someNode("b/worker1", 2, { shards: one }), someNode("c/worker1", 3, { shards: other })];
  const replaced = nodes.filter(({ id }) => workers.every((worker) => worker.id !== id));
  return {
    server: "server of a/coordinator",
    nodes: [someNode("a/coordinator", 1, { shouldhaveshards: false }), ...replaced, ...workers],
  };
}

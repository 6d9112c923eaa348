import { quoteLiteral } from "../connection/quote-literal";
import { COORDINATOR_GROUP, readRegistered } from "../nodes/registered";
import { runOnNodes } from "../nodes/run-on-nodes";
import { totalBytes } from "./relation-bytes";
import type { Session } from "../connection/session";
import { PLACED_HERE } from "../nodes/node-state";
import { type UnsyncedShard, readUnsyncedShards } from "./unsynced-shards";

/**
 * Bytes by shard of what a node has, by its own metadata and by the coordinator's names for what that lacks, as JSON. A table
 * that is locked holds nothing up; one that is lost isn't in it.
 */
export function sizesStatement(unsynced: readonly Pick<UnsyncedShard, "shardid" | "name">[]): string {
  const others = unsynced.map(({ shardid, name }) => `(${shardid}, ${quoteLiteral(name)})`);
  const values = others.length === 0 ? "" : ` UNION VALUES ${others.join(", ")}`;
  return `SELECT coalesce(json_object_agg(shardid, ${totalBytes("t.oid")}), '{}')::text
    FROM (${PLACED_HERE}${values}) p, LATERAL (SELECT to_regclass(p.name)::oid AS oid) t WHERE t.oid IS NOT NULL`;
}

/**
 * Bytes of each shard, of its largest placement, as JSON by shard. `citus_shard_sizes()` would wait for whoever has altered or
 * dropped one of the tables and not committed yet. A shard on a node that is disabled or doesn't answer is left out.
 */
export async function shardSizesJson(session: Session): Promise<string> {
  const statement = sizesStatement(await readUnsyncedShards(session));
  const workers = (await readRegistered(session)).filter(
    ({ groupid, isactive }) => isactive && groupid !== COORDINATOR_GROUP,
  );
  const answers = await runOnNodes(
    session,
    workers.map(({ endpoint }) => endpoint),
    workers.map(() => statement),
  );
  const [own] = await session.query<{ coalesce: string }>(statement);
  const texts = answers.flatMap((answer) => ("value" in answer ? [answer.value] : []));
  const sizes: Record<string, number> = {};
  for (const text of [own?.coalesce, ...texts]) {
    const held = JSON.parse(text ?? "{}") as Record<string, number>;
    for (const [shardid, bytes] of Object.entries(held))
      sizes[shardid] = Math.max(bytes, sizes[shardid] ?? 0);
  }
  return JSON.stringify(sizes);
}

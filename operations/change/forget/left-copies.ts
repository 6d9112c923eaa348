import { dropOrphans } from "../../cluster/shards/drop-orphans";
import type { Progress } from "../../base/progress";
import type { Session } from "../../cluster/connection/session";
import type { Losses } from "./losses";
import { AGAIN, advise } from "../../base/remedy";

/**
 * Drops old copies of lost shards that a node which stays still has: of a move to the lost node whose deferred drop hasn't
 * come yet, or of a move from it that was cut off. Citus drops them by their name, whatever the metadata says by then
 * (shard_cleaner.c of 13.0): later, that would be the shard that was made again, with its new rows.
 *
 * @throws Failure with nothing forgotten, while a transaction still reads one
 */
export async function dropLeftCopies(
  session: Session,
  { nodes, lost }: Pick<Losses, "nodes" | "lost">,
  progress: Progress,
): Promise<void> {
  const names = lost.map(({ name }) => name);
  const groups = nodes.map(({ groupid }) => groupid);
  const read = async () => {
    const rows = await session.query<{ name: string }>(
      `SELECT object_name AS name FROM pg_dist_cleanup
        WHERE object_name = ANY ($1::text[]) AND node_group_id <> ALL ($2::int[]) ORDER BY 1`,
      [names, groups],
    );
    return rows.map(({ name }) => name);
  };
  const found = await read();
  if (found.length === 0) return;
  progress(
    `${found.length} old copies of lost shards are on nodes that stay, and are dropped first (${found.slice(0, 1).join()})`,
  );
  await dropOrphans(session, {
    read,
    describe: (count) => `${count} old ${count === 1 ? "copy" : "copies"} of lost shards`,
    again: advise`${AGAIN}; nothing is forgotten yet`,
    progress,
  });
}

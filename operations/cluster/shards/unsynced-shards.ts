import type { Session } from "../connection/session";
import { shardName } from "./shard-name";

/** A placement of a shard that no worker's metadata has. */
export interface UnsyncedShard {
  readonly shardid: string;
  /** As `regclass` takes it. */
  readonly name: string;
  /** Of its node. */
  readonly groupid: number;
}

/** Of tables that are distributed by append or by range, whose metadata stays on the coordinator. */
const UNSYNCED = `SELECT s.shardid::text, ${shardName()} AS name, p.groupid
  FROM pg_dist_partition t JOIN pg_dist_shard s USING (logicalrelid) JOIN pg_dist_placement p USING (shardid)
  JOIN pg_class c ON c.oid = t.logicalrelid
 WHERE t.partmethod IN ('a', 'r') AND ${shardName()} IS NOT NULL`;

export async function readUnsyncedShards(session: Session): Promise<UnsyncedShard[]> {
  return session.query<UnsyncedShard>(UNSYNCED);
}

import { formatEndpoint } from "../../../model/cluster";
import type { Connected } from "../../cluster/connection/target";
import { askAll } from "../../cluster/nodes/ask-all";
import { IS_SPREAD } from "../../cluster/shards/spread-tables";
import { readRegistered } from "../../cluster/nodes/registered";

/** What a cluster was like at a review, as far as a plan may rest on it. */
export interface Fingerprint {
  /** Of the coordinator: `server_id` of its data directory, see `RecordedNode`. */
  readonly server: string;
  /** All that are registered, by their groups. */
  readonly nodes: readonly NodeFingerprint[];
}

export interface NodeFingerprint {
  /** Node id; the endpoint of one that has none. */
  readonly id: string;
  /** In pg_dist_node: one that is removed and added again gets another. */
  readonly nodeid: number;
  /** `host:port`, as it is registered. */
  readonly endpoint: string;
  /** As `Fingerprint.server`; null where it didn't answer. */
  readonly server: string | null;
  readonly isactive: boolean;
  readonly shouldhaveshards: boolean;
  /** Why it didn't answer; null where it did. */
  readonly silent: string | null;
  /** Ids of the shards of distributed tables that it holds, by table. A reference table has a copy everywhere. */
  readonly shards: Readonly<Record<string, readonly string[]>>;
}

const SERVER =
  "SELECT json_build_object('server', (SELECT metadata->>'server_id' FROM pg_dist_node_metadata))::text";

const SHARDS = `SELECT p.groupid, s.logicalrelid::text AS table, array_agg(s.shardid::text ORDER BY s.shardid) AS shards
  FROM pg_dist_placement p JOIN pg_dist_shard s USING (shardid) JOIN pg_dist_partition t USING (logicalrelid)
 WHERE ${IS_SPREAD}
 GROUP BY 1, 2 ORDER BY 1, 2`;

/** Takes a cluster's fingerprint: asks every registered node who it is, and the coordinator what is where. */
export async function fingerprintOf(target: Connected): Promise<Fingerprint> {
  const { session, server } = target;
  const asked = await askAll<{ readonly server: string | null }>(target, SERVER);
  const states = new Map((await readRegistered(session)).map((row) => [row.nodeid, row]));
  const held = await session.query<{ groupid: number; table: string; shards: string[] }>(SHARDS);
  return {
    server: server.server_id,
    nodes: asked.map(({ label, nodeid, groupid, endpoint, value, failed }): NodeFingerprint => {
      const { isactive = false, shouldhaveshards = false } = states.get(nodeid) ?? {};
      const own = held.filter((row) => row.groupid === groupid);
      return {
        ...{ id: label, nodeid, endpoint: formatEndpoint(endpoint), server: value?.server ?? null },
        ...{
          isactive,
          shouldhaveshards,
          silent: failed === undefined ? null : failed.what,
        },
        shards: Object.fromEntries(own.map(({ table, shards }) => [table, shards])),
      };
    }),
  };
}

import type { Amount } from "../../cluster/shards/amount";
import type { Strategy } from "../../cluster/moving/strategy";

/** Shards that belong together: the same range of all colocated tables, moved as one. */
export interface ShardGroup {
  /** One of its shards; Citus moves the others with it. */
  readonly shardid: string;
  /** All of them, one per table. */
  readonly shardids: readonly string[];
  readonly tables: readonly string[];
  readonly bytes: number;
  /** Nodes by nodeid that have it: one, except for tables with more than one replica. */
  readonly holders: readonly number[];
}

/** A group of shards on one of the nodes that have it. */
export interface GroupPlacement {
  readonly group: ShardGroup;
  /** By nodeid, as the target of a move. */
  readonly source: number;
}

/** Of a group to another node, by `citus_move_shard_placement`. */
export interface Move extends GroupPlacement {
  readonly target: number;
}

/** A node that may receive shards, with what it has now. */
export interface Receiver {
  readonly nodeid: number;
  /** Nodes of one server share it. */
  readonly fileSystem: string;
  readonly bytes: number;
  readonly groups: number;
}

export interface Plan {
  readonly moves: readonly Move[];
  /** For these no receiver has the room, may have them, or is without a replica of them. */
  readonly misfits: readonly GroupPlacement[];
}

/**
 * Spreads groups over the receivers, the largest first, each to where bytes and number of groups stay most even. The room
 * of a file system counts once for all of its nodes; a move inside of one needs it for a moment only. Nothing goes to where
 * the cluster's strategy forbids it.
 *
 * @param room bytes that a file system can take
 * @param fileSystemOf of a node
 */
export function planMoves(
  placements: readonly GroupPlacement[],
  receivers: readonly Receiver[],
  room: ReadonlyMap<string, number>,
  fileSystemOf: (nodeid: number) => string | undefined,
  strategy: Pick<Strategy, "allows" | "capacity">,
): Plan {
  const load = new Map(receivers.map(({ nodeid, bytes, groups }) => [nodeid, { bytes, groups }]));
  const left = new Map(room);
  const total = {
    bytes: sum(receivers.map(({ bytes }) => bytes)) + sum(placements.map(({ group }) => group.bytes)),
    groups: sum(receivers.map(({ groups }) => groups)) + placements.length,
  };
  const cost = ({ nodeid }: Receiver) => {
    const { bytes, groups } = load.get(nodeid) ?? { bytes: 0, groups: 0 };
    return (bytes / Math.max(total.bytes, 1) + groups / total.groups) / strategy.capacity(nodeid);
  };

  const moves: Move[] = [];
  const misfits: GroupPlacement[] = [];
  const largestFirst = [...placements].sort((a, b) => b.group.bytes - a.group.bytes);
  for (const placement of largestFirst) {
    const { group, source } = placement;
    const [receiver] = receivers
      .filter(({ nodeid }) => !group.holders.includes(nodeid) && strategy.allows(group.shardid, nodeid))
      .filter(({ fileSystem }) => group.bytes <= (left.get(fileSystem) ?? 0))
      .sort((a, b) => cost(a) - cost(b));
    if (receiver === undefined) {
      misfits.push(placement);
      continue;
    }
    moves.push({ ...placement, target: receiver.nodeid });
    const now = load.get(receiver.nodeid);
    if (now !== undefined) {
      now.bytes += group.bytes;
      now.groups += 1;
    }
    if (fileSystemOf(source) !== receiver.fileSystem) {
      left.set(receiver.fileSystem, (left.get(receiver.fileSystem) ?? 0) - group.bytes);
    }
  }
  return { moves, misfits };
}

/** Of all their shards together. */
export function amountOf(moves: readonly Move[]): Amount {
  return {
    shards: sum(moves.map(({ group }) => group.shardids.length)),
    bytes: sum(moves.map(({ group }) => group.bytes)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

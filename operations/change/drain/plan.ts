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

/** A group that is to leave a node. */
export interface Departure {
  readonly group: ShardGroup;
  readonly source: number;
}

export interface Move extends Departure {
  readonly target: number;
}

/** A node that may receive shards, with what it has now. */
export interface Target {
  readonly nodeid: number;
  /** Nodes of one server share it. */
  readonly fileSystem: string;
  readonly bytes: number;
  readonly groups: number;
}

export interface Plan {
  readonly moves: readonly Move[];
  /** For these no target has the room, may have them, or is without a replica of them. */
  readonly misfits: readonly Departure[];
}

/**
 * Spreads groups over the targets, the largest first, each to where bytes and number of groups stay most even. The room
 * of a file system counts once for all of its nodes; a move inside of one needs it for a moment only. Nothing goes to where
 * the cluster's strategy forbids it.
 *
 * @param room bytes that a file system can take
 * @param fileSystemOf of a node
 */
export function planMoves(
  departures: readonly Departure[],
  targets: readonly Target[],
  room: ReadonlyMap<string, number>,
  fileSystemOf: (nodeid: number) => string | undefined,
  strategy: Pick<Strategy, "allows" | "capacity">,
): Plan {
  const load = new Map(targets.map(({ nodeid, bytes, groups }) => [nodeid, { bytes, groups }]));
  const left = new Map(room);
  const total = {
    bytes: sum(targets.map(({ bytes }) => bytes)) + sum(departures.map(({ group }) => group.bytes)),
    groups: sum(targets.map(({ groups }) => groups)) + departures.length,
  };
  const cost = ({ nodeid }: Target) => {
    const { bytes, groups } = load.get(nodeid) ?? { bytes: 0, groups: 0 };
    return (bytes / Math.max(total.bytes, 1) + groups / total.groups) / strategy.capacity(nodeid);
  };

  const moves: Move[] = [];
  const misfits: Departure[] = [];
  const largestFirst = [...departures].sort((a, b) => b.group.bytes - a.group.bytes);
  for (const departure of largestFirst) {
    const { group, source } = departure;
    const [target] = targets
      .filter(({ nodeid }) => !group.holders.includes(nodeid) && strategy.allows(group.shardid, nodeid))
      .filter(({ fileSystem }) => group.bytes <= (left.get(fileSystem) ?? 0))
      .sort((a, b) => cost(a) - cost(b));
    if (target === undefined) {
      misfits.push(departure);
      continue;
    }
    moves.push({ ...departure, target: target.nodeid });
    const now = load.get(target.nodeid);
    if (now !== undefined) {
      now.bytes += group.bytes;
      now.groups += 1;
    }
    if (fileSystemOf(source) !== target.fileSystem) {
      left.set(target.fileSystem, (left.get(target.fileSystem) ?? 0) - group.bytes);
    }
  }
  return { moves, misfits };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A rebalance that was finished on this cluster. */
export interface Experience {
  readonly moves: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface Estimate {
  readonly seconds: number;
  /** What it was estimated from, and what it leaves out. */
  readonly basis: string;
  /** Whether the copying of the bytes is in it. */
  readonly complete: boolean;
}

/**
 * What Citus 13.0 takes to move an empty shard online, measured; most of it is a fixed sleep, so that servers and network
 * make little difference. In seconds.
 */
const SECONDS_PER_MOVE = 1.4;

/** Below it a finished rebalance says nothing of how fast bytes are copied. */
const SMALLEST_BYTES = 10 * 1024 * 1024;

/**
 * How long shards take to move: a fixed time per move, and the bytes at the speed that was seen before.
 *
 * @param perMove in seconds
 */
export function estimateTime(
  { moves, bytes }: Pick<Experience, "moves" | "bytes">,
  last?: Experience,
  perMove = SECONDS_PER_MOVE,
): Estimate {
  const fixed = moves * perMove;
  if (last === undefined || last.bytes < SMALLEST_BYTES) {
    return {
      seconds: Math.ceil(fixed),
      basis: `${perMove} s per move, as measured with empty shards; copying the bytes comes on top: no finished rebalance of this cluster shows how fast`,
      complete: false,
    };
  }
  // A rebalance that was faster than its fixed part was moved otherwise (block_writes): all of its time is copying then.
  const copying = last.seconds - last.moves * SECONDS_PER_MOVE;
  const speed = last.bytes / (copying > 0 ? copying : last.seconds);
  return {
    seconds: Math.ceil(fixed + bytes / speed),
    basis: `${perMove} s per move, and the bytes at the speed of the last finished rebalance of this cluster`,
    complete: true,
  };
}

/** `45 s`, `12 min`, `3.5 h` */
export function formatSeconds(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

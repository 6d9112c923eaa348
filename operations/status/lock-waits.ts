import type { Activity } from "./activity";

/** A statement that waits for another one, anywhere in the cluster. */
export interface LockWait {
  /** The node where it waits. */
  readonly node: string;
  readonly wait: string;
  /** Seconds that the statement runs so far. */
  readonly age: number;
  /** Seconds that it waits for this lock so far. */
  readonly waited: number;
  readonly waiting: Party;
  readonly blocking: Party;
}

/** As the client sees it: of a distributed transaction the statement on the node where it began. */
export interface Party {
  readonly gpid: number;
  readonly pid: number;
  readonly node: string;
  readonly user: string;
  readonly application: string;
  readonly state: string;
  readonly query: string;
}

/**
 * Who waits for whom, from the waits on each node, which the global pids tie together. One distributed statement that
 * waits for another on many nodes counts once, where it waits longest. The longest wait first.
 */
export function lockWaits(activity: readonly Activity[]): LockWait[] {
  const seen = new Set<string>();
  const longestFirst = [...activity].sort((a, b) => waitOf(b) - waitOf(a));
  return longestFirst.flatMap((waiting) =>
    waiting.blockers.flatMap((pid): LockWait[] => {
      const blocking = activity.find((each) => each.node === waiting.node && each.pid === pid);
      const key = `${identify(waiting)} ${blocking === undefined ? pid : identify(blocking)}`;
      if (seen.has(key)) return [];
      seen.add(key);
      const { node, age } = waiting;
      return [
        {
          node,
          wait: (waiting.wait ?? "").replace(/^Lock: /, ""),
          age,
          waited: waitOf(waiting),
          waiting: partyOf(waiting, activity),
          blocking: blocking === undefined ? { ...UNKNOWN, pid, node } : partyOf(blocking, activity),
        },
      ];
    }),
  );
}

/** A wait that has just begun, or is over, is none yet. */
function waitOf({ waited }: Activity): number {
  return waited ?? 0;
}

/** A prepared transaction has no process (0), a background process no client. */
const UNKNOWN = { gpid: 0, user: "", application: "", state: "no client", query: "" };

function identify({ gpid, node, pid }: Activity): string {
  return gpid === 0 ? `${node} ${pid}` : String(gpid);
}

function partyOf(process: Activity, activity: readonly Activity[]): Party {
  const origin = process.internal
    ? activity.find(({ gpid, internal }) => gpid !== 0 && gpid === process.gpid && !internal)
    : undefined;
  const { gpid, pid, node, user, application, state, query } = origin ?? process;
  return { gpid, pid, node, user, application, state, query };
}

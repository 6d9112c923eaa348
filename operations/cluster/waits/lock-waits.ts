import type { Activity } from "./activity-of-node";

/** A statement that waits for another one, anywhere in the cluster. */
export interface LockWait {
  /** The node where it waits. */
  readonly node: string;
  readonly wait: string;
  /** Of the process that waits, as in pg_stat_activity: `walsender` where a move waits for its replication slot. */
  readonly kind: string;
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
  readonly database: string;
  readonly user: string;
  readonly application: string;
  /** As in pg_stat_activity; `prepared` for a prepared transaction. */
  readonly state: string;
  /** Seconds that it is in this state so far; of an active one, that its statement runs. */
  readonly since: number;
  readonly query: string;
  /** Of a prepared transaction, which has no process. */
  readonly gid: string | null;
}

/**
 * Who waits for whom, from the waits on each node, which the global pids tie together. One distributed statement that
 * waits for another on many nodes counts once, where it waits longest. The longest wait first.
 */
export function lockWaits(activity: readonly Activity[]): LockWait[] {
  const seen = new Set<string>();
  const longestFirst = [...activity].sort((a, b) => waitOf(b) - waitOf(a));
  return longestFirst.flatMap((waiting) =>
    blockersOf(waiting, activity).flatMap(([name, blocking]): LockWait[] => {
      const key = `${identify(waiting)} ${name}`;
      if (seen.has(key)) return [];
      seen.add(key);
      const { node, kind, age } = waiting;
      const wait = (waiting.wait ?? "").replace(/^Lock: /, "");
      return [
        { node, wait, kind, age, waited: waitOf(waiting), waiting: partyOf(waiting, activity), blocking },
      ];
    }),
  );
}

/** Each with a name that tells it from others. */
function blockersOf(
  { node, blockers, prepared }: Activity,
  activity: readonly Activity[],
): [string, Party][] {
  const unknown = { ...UNKNOWN, node };
  const transactions = prepared.map(({ gid, database, age }): [string, Party] => [
    `${node} ${gid}`,
    { ...unknown, gid, database, state: "prepared", since: age },
  ]);
  const processes = blockers
    .filter((pid) => pid !== 0 || prepared.length === 0)
    .map((pid): [string, Party] => {
      const process = activity.find((each) => each.node === node && each.pid === pid);
      return process === undefined
        ? [`${node} ${pid}`, { ...unknown, pid }]
        : [identify(process), partyOf(process, activity)];
    });
  return [...transactions, ...processes];
}

/** A wait that has just begun, or is over, is none yet. */
function waitOf({ waited }: Activity): number {
  return waited ?? 0;
}

/** What has ended meanwhile, and a prepared transaction, which has no process (0). */
const UNKNOWN = {
  ...{ gpid: 0, pid: 0, database: "", user: "", application: "", state: "no client" },
  ...{ since: 0, query: "", gid: null },
};

function identify({ gpid, node, pid }: Activity): string {
  return gpid === 0 ? `${node} ${pid}` : String(gpid);
}

function partyOf(process: Activity, activity: readonly Activity[]): Party {
  const origin = process.internal
    ? activity.find(({ gpid, internal }) => gpid !== 0 && gpid === process.gpid && !internal)
    : undefined;
  const { gpid, pid, node, database, user, application, state, age, query } = origin ?? process;
  return { gpid, pid, node, database, user, application, state, since: age, query, gid: null };
}

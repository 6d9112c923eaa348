/** Who holds the lock of a state, as far as that can be known. */
export interface LockHolder {
  /** `ci@runner, apply, since 2026-11-29 21:09:20 UTC` */
  readonly words: string;
  /** Of a lock that a session of PostgreSQL has: the process that serves that session. */
  readonly pid?: number;
}

/** What Terraform writes of itself where it takes a lock, as far as it is read. */
export interface LockInfo {
  readonly ID?: string;
  /** `OperationTypeApply`, `state-rm` */
  readonly Operation?: string;
  /** `root@host` */
  readonly Who?: string;
  /** `2026-11-29 21:09:20.865228181 +0000 UTC`, or as in RFC 3339 */
  readonly Created?: string;
}

/** In words, without what is left out; undefined where it says nothing. */
export function holderOf({ Who, Operation, Created }: LockInfo): LockHolder | undefined {
  const words = [
    Who,
    Operation?.replace(/^OperationType/, "").toLowerCase(),
    Created === undefined ? undefined : `since ${formatTime(Created)}`,
  ].filter((each) => each !== undefined && each !== "");
  return words.length === 0 ? undefined : { words: words.join(", ") };
}

/** Whole seconds in UTC, as either form has them. */
function formatTime(time: string): string {
  return time
    .replace(/\.\d+/, "")
    .replace(/^(\S+)T(\S+)Z$/, "$1 $2 UTC")
    .replace(" +0000 UTC", " UTC");
}

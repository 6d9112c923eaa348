import { shorten } from "../../base/columns";
import { AGAIN, advise } from "../../base/remedy";
import type { Diagnostic } from "./diagnostic";
import type { Explain, Explained, Occurrence } from "./known";
import { type LockHolder, type LockInfo, holderOf } from "./lock-info";

/** What Terraform says of the lock that it met: each backend has words of its own. */
interface Told {
  /** Why the lock could not be taken, on one line. */
  readonly cause: string;
  /** What stands under `Lock Info`; with some backends the run that failed has written it of itself. */
  readonly info: LockInfo;
}

/** The system's lock on the file of a local state. */
const OF_FILE = /resource temporarily unavailable|another process has locked a portion of the file/;

/** An advisory lock in PostgreSQL; of a new state, one that all states in the database share. */
const OF_PG =
  /^(?:workspace is already locked|(?:cannot lock workspace; )?already locked for workspace creation): /i;

const OF_NEW_STATE = /already locked for workspace creation/i;

/** The ID, unlike the rest, is the holder's. */
const BY_HTTP = /^HTTP remote state already locked(?:: ID=(\S*))?/;

/** Of HCP Terraform, or a server that speaks its API. */
const OF_WORKSPACE = /workspace already locked \(lock ID: "([^"]+)"\)/;

/** What the other backends say of a lock that is held; most of them, but not always, with who holds it. */
const HELD =
  /PreconditionFailed|ConditionalCheckFailed|conditionNotMet|already locked|LeaseAlreadyPresent|lock file \S+ exists|ConditionCheckFail/;

/** PostgreSQL's own errors, under which `pg` writes who it is itself. */
const FAILED_IN_PG = /^pq: |driver: bad connection/;

const LONGEST_CAUSE = 200;

/** The state is locked, or its lock can't be taken. */
export const explainLock: Explain = (diagnostic, at) => {
  if (!isLockError(diagnostic)) return undefined;
  const { cause, info } = readTold(diagnostic);
  const workspace = OF_WORKSPACE.exec(cause)?.[1];
  if (workspace !== undefined) return ofWorkspace(workspace, at);
  if (OF_PG.test(cause)) return ofPg(cause, at);
  const byHttp = BY_HTTP.exec(cause);
  if (byHttp !== null) {
    const [, id] = byHttp;
    return released(id, id !== undefined && id === info.ID ? holderOf(info) : at.holder, at);
  }
  if (OF_FILE.test(cause)) {
    return {
      what: held(holderOf(info)),
      // The lock of a file is the system's, and ends with whoever has it; Terraform refuses to release it.
      remedy:
        "wait until it ends; the lock of a state in a file is released when the process that holds it ends",
    };
  }
  if (HELD.test(cause) || (info.ID !== undefined && !FAILED_IN_PG.test(cause)))
    return released(info.ID, holderOf(info), at);
  return {
    what: `the state can't be locked: ${shorten(cause, LONGEST_CAUSE)}`,
    remedy: advise`check that the backend can be reached, and that its credentials may write there, then ${AGAIN}`,
  };
};

/** The backend that has to be asked itself who holds the lock: Terraform tells nothing of it, or names the run that failed. */
export function silentBackendOf(diagnostic: Diagnostic): "pg" | "http" | undefined {
  if (!isLockError(diagnostic)) return undefined;
  const { cause, info } = readTold(diagnostic);
  if (OF_PG.test(cause)) return "pg";
  const byHttp = BY_HTTP.exec(cause);
  return byHttp === null || byHttp[1] === info.ID ? undefined : "http";
}

/** A state that isn't there yet is locked before it is first read: then Terraform says it in other words. */
function isLockError({ summary, detail }: Diagnostic): boolean {
  if (/^Error acquiring the state lock/.test(summary)) return true;
  return /^error loading state: /i.test(summary) && /^\s*Lock Info:/m.test(detail);
}

function readTold({ summary, detail }: Diagnostic): Told {
  const [before = "", after = ""] = detail.split(/^\s*Lock Info:\s*$/m);
  const cause = `${/^error loading state: (.*)/i.exec(summary)?.[1] ?? ""}\n${before}`
    .replace(/^\s*Error message:/m, "")
    .replace(/\n\s*\S+ acquires a state lock[\s\S]*$/, "")
    .replace(/\s+/g, " ")
    .trim();
  const info = [...after.matchAll(/^\s+(\w+):[ \t]+(\S.*)$/gm)].map(([, name = "", value = ""]) => [
    name,
    value.trim(),
  ]);
  return { cause, info: Object.fromEntries(info) as LockInfo };
}

function held(holder: LockHolder | undefined): string {
  return `another Terraform holds the lock of this state${holder === undefined ? "" : `: ${holder.words}`}`;
}

/** @param id of the lock, where it is known */
function released(
  id: string | undefined,
  holder: LockHolder | undefined,
  { binary, folder }: Occurrence,
): Explained {
  return {
    what: held(holder),
    remedy: `wait until it ends; if it is dead, \`${binary} force-unlock ${id || "ID"}\` in ${folder} releases the lock`,
  };
}

function ofPg(cause: string, { holder }: Occurrence): Explained {
  const end =
    holder?.pid === undefined
      ? "pg_locks and pg_stat_activity of the database that has the state show whose it is"
      : `if that is dead, SELECT pg_terminate_backend(${holder.pid}) in the database that has the state ends it`;
  return {
    what: OF_NEW_STATE.test(cause)
      ? `another Terraform is creating a new state in the same database, which locks all states there${holder === undefined ? "" : `: ${holder.words}`}`
      : held(holder),
    remedy: `wait until it ends; the lock is released with its session: ${end}`,
  };
}

function ofWorkspace(workspace: string, { binary, folder }: Occurrence): Explained {
  return {
    what: `another run holds the lock of workspace ${workspace}`,
    remedy:
      "wait until it ends: the workspace's page says which it is, and since when; if it is dead, unlock it there, or by " +
      `\`${binary} force-unlock ${workspace}\` in ${folder}`,
  };
}

import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { EXIT, Failure, oneLine } from "../../base/failure";
import { type CommandLine, advise } from "../../base/remedy";
import type { StackHash } from "../../terraform/stack-hash";
import type { Fingerprint } from "./fingerprint";
import type { Refusal } from "./refusals";

/** Where a review saves the plan that it makes: beside the stack, where no commit takes it. */
export const PLAN_FILE = "reviewed.plan";

/** Where the plan of a run that somebody else started is noted, in the same place. */
export function planFileOf(run: string): string {
  return `${run}.plan`;
}

/** Of the record's format; another one is refused. */
const VERSION = 1;

/** What was reviewed, for the apply, which may run days later and on another machine. It holds no secret. */
export interface ReviewRecord {
  readonly version: typeof VERSION;
  readonly environment: string;
  readonly cluster: string;
  /** RFC 3339. */
  readonly reviewedAt: string;
  /** Version of the program that made the plan. */
  readonly terraform: string | null;
  /** SHA-256 of the plan's file, in hexadecimal. */
  readonly plan: string;
  readonly files: StackHash;
  /** Why it must not be approved. */
  readonly refusals: readonly Pick<Refusal, "code" | "nodes" | "what">[];
  /** The reason by which that was let pass. */
  readonly allowed: string | null;
  readonly live: Live;
}

/** What the cluster was like. */
export type Live =
  | { readonly kind: "asked"; readonly fingerprint: Fingerprint }
  /** It could not be asked, as before a first deploy. */
  | { readonly kind: "unanswered"; readonly cause: string }
  /** It was not to be asked. */
  | { readonly kind: "left-out" };

/** The record of a plan stands beside it, and travels with it. */
export function recordFileOf(plan: string): string {
  return `${plan}.review.json`;
}

/**
 * Writes the record of a plan, for its owner alone.
 *
 * @param redact for what servers have said
 */
export function saveReview(
  plan: string,
  record: Omit<ReviewRecord, "version" | "reviewedAt">,
  redact: (text: string) => string,
): void {
  const file = recordFileOf(plan);
  const whole: ReviewRecord = { version: VERSION, reviewedAt: new Date().toISOString(), ...record };
  writeFileSync(file, redact(`${JSON.stringify(whole, null, 1)}\n`), { mode: 0o600 });
  // One that was there keeps its mode.
  chmodSync(file, 0o600);
}

/**
 * Reads the record of a plan.
 *
 * @param again the command that reviews it
 * @throws Failure (refused) where there is none, or none that this program reads
 */
export function loadReview(plan: string, again: CommandLine): ReviewRecord {
  const file = recordFileOf(plan);
  const refused = (what: string, cause?: unknown) =>
    new Failure(what, advise`review it, and keep the record beside the plan: ${again}`, {
      cause,
      exitCode: EXIT.refused,
    });
  if (!existsSync(file)) throw refused(`the plan was not reviewed: there is no ${file}`);
  let record: Partial<ReviewRecord>;
  try {
    record = Object(JSON.parse(readFileSync(file, "utf8"))) as Partial<ReviewRecord>;
  } catch (error) {
    throw refused(`${file} can't be read: ${oneLine(error)}`, error);
  }
  if (record.version !== VERSION)
    throw refused(
      `${file} is no review that this program reads (version ${String(record.version)}, not ${VERSION})`,
    );
  return record as ReviewRecord;
}

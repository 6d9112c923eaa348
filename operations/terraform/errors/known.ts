import { oneLine } from "../../base/failure";
import type { Remedy } from "../../base/remedy";
import type { Diagnostic } from "./diagnostic";
import type { LockHolder } from "./lock-info";

/** Where an error happened. */
export interface Occurrence {
  /** Name of the environment, for the commands that help. */
  readonly environment: string;
  /** The command that runs the plans: `terraform`, `tofu`. */
  readonly binary: string;
  /** Of the stack, where that command is to be run. */
  readonly folder: string;
  /** Who holds the state's lock, where Terraform itself can't tell. */
  readonly holder?: LockHolder;
}

/** An error of Terraform or of a provider, in our words. */
export interface Explained {
  /** What happened, to what, in one line. */
  readonly what: string;
  readonly remedy: Remedy;
  /**
   * That it was refused before anything was changed, so that the exit code is 4. Of an error amid an apply nobody can say
   * it.
   */
  readonly refused?: true;
}

/** Puts one kind of errors into words; undefined for all others. */
export type Explain = (diagnostic: Diagnostic, at: Occurrence) => Explained | undefined;

/** The whole text on one line: a summary ends with what the next paragraph goes on with, and lines are broken anywhere. */
export function textOf({ summary, detail }: Diagnostic): string {
  return oneLine(`${summary} ${detail}`);
}

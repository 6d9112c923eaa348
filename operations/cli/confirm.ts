import { input } from "@inquirer/prompts";
import { EXIT, Failure } from "../base/failure";
import type { Remedy } from "../base/remedy";

/** Whether somebody can be asked: both ends are a terminal. */
function isInteractive(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY;
}

/**
 * Asks for a yes, which only `yes` is.
 *
 * @param agreed `--yes`
 * @throws Failure (refused) for anything else, and where nobody can be asked
 */
export async function confirm(question: string, agreed: boolean): Promise<void> {
  if (agreed) return;
  if (!isInteractive()) {
    throw refused(
      `${question} This needs a confirmation, and there is no terminal to ask on`,
      "run it on a terminal, or with --yes",
    );
  }
  if ((await ask(`${question} Type yes to continue:`)) !== "yes")
    throw refused("not confirmed", "nothing was changed");
}

/**
 * Asks for a name to be typed, of what will lose its data.
 *
 * @param typed by `--confirm`
 * @throws Failure (refused) for any other name, and where nobody can be asked
 */
export async function confirmName(question: string, name: string, typed: string | undefined): Promise<void> {
  if (typed === undefined && !isInteractive()) {
    throw refused(
      `${question} This needs a confirmation, and there is no terminal to ask on`,
      `run it on a terminal, or with --confirm ${name}`,
    );
  }
  const answer = typed ?? (await ask(`${question} Type ${name} to continue:`));
  if (answer === name) return;
  throw refused(`${answer === "" ? "nothing" : answer} is not ${name}`, "nothing was changed");
}

/** Empty for Ctrl-C and Ctrl-D. */
async function ask(message: string): Promise<string> {
  try {
    return (await input({ message })).trim();
  } catch {
    return "";
  }
}

function refused(what: string, remedy: Remedy): Failure {
  return new Failure(what, remedy, { exitCode: EXIT.refused });
}

import { join } from "node:path";
import { local } from "../environments/local";
import { Failure } from "../operations/base/failure";
import { CommandError, run } from "../testbed/command";
import type { Context } from "./context";
import type { Inventory } from "./inventory";
import { advise, commandIn } from "../operations/base/remedy";

/**
 * Whether what the state doesn't know was left by a killed run of this checkout: it is in the network that the state
 * knows. Everything else may be another checkout's, and Terraform would take a volume of that name over with its data.
 *
 * @throws Failure in the latter case
 */
export function hasLeftovers({ strangers, knowsNetwork }: Inventory): boolean {
  if (strangers.length === 0) return false;
  if (knowsNetwork) return true;
  throw new Failure(
    `the engine has resources of a cluster with this name that are not in this checkout's state (${strangers.join(", ")})`,
    advise`if another checkout made them, destroy its cluster there (npm run quickstart -- --destroy); if a run here was killed:
      export TF_VAR_postgres_password=$(cat state/local.password), then ${commandIn({ environment: "local" }, "recover")}`,
  );
}

/** Adopts or removes what a killed run left (operations/recover), so that the next apply can go on. */
export async function recoverLeftovers(
  context: Context,
  { strangers }: Inventory,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  context.say(`recovering what a killed run left behind: ${strangers.join(", ")}`);
  const program = join(context.root, "bin", "pg-dist.mjs");
  try {
    context.print(await run(process.execPath, [program, "recover", local.name, "--yes"], { env }));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new Failure(
      "what a killed run left can't be recovered",
      "fix the errors below, then run this again",
      { detail: error.message.split("\n"), cause: error },
    );
  }
}

import { parseArgs } from "node:util";
import { Failure } from "./failure.mjs";

export const USAGE = `Usage: npm run quickstart              put the cluster of environments/local.ts up, or bring it up to date
       npm run quickstart -- --destroy take it away again, and the engine if quickstart started it
       npm run quickstart -- --help

Environment:
  PGDIST_LOCAL_PORT         port of the coordinator on 127.0.0.1 (default: 5432, else the next free one)
  TF_VAR_postgres_password  password of the superuser (default: a random one, in state/local.password)
  TERRAFORM_BINARY_NAME     terraform or tofu, a name or a path (default: the first of the two in PATH)
  PGDIST_PARTS              auto (default): stand-ins where an image or provider can't be had; real: never;
                            stand-in: always

Exit codes: 0 done, 1 failed, 2 wrong usage.`;

/**
 * @param {readonly string[]} args
 * @returns {"up" | "down" | "help"}
 * @throws {Failure} with exit code 2 for anything that isn't in USAGE
 */
export function parseOptions(args) {
  const { destroy, help } = parse(args);
  if (help) return "help";
  return destroy ? "down" : "up";
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { destroy: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    return values;
  } catch (error) {
    // parseArgs explains in several sentences; the first one names the argument.
    const message = error instanceof Error ? error.message : String(error);
    const [first = message] = message.split(/\. |\n/);
    throw new Failure(first.replace(/\.$/, ""), "see the usage below", {
      detail: USAGE.split("\n"),
      exitCode: 2,
    });
  }
}

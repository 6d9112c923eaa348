import { Command } from "commander";
import type { Caller } from "../base/caller/caller";
import { addNodes } from "./nodes/command";
import { addActivity } from "./activity/command";
import { addLocks } from "./locks/command";
import { addConnections } from "./connections/command";
import { addHealth } from "./health/command";
import { addShards } from "./shards/command";
import { addTables } from "./tables/command";
import { addTenants } from "./tenants/command";
import { addStatus } from "./status/command";
import { addCompletion } from "./completion/command";
import { addDoctor } from "./doctor/command";
import { addLogs } from "./logs/command";
import { addPsql } from "./psql/command";
import { addForget } from "./forget/command";
import { addMaintenance } from "./maintenance/command";
import { addRebalance } from "./rebalance/command";
import { addCredentials } from "./credentials/command";
import { addRecover } from "./recover/command";
import { addReview } from "./review/command";
import { addApply } from "./apply/command";
import { addFirewall } from "./firewall/command";
import { addDrift } from "./drift/command";

/** Exit codes of every command, as its help shows them. */
const EXIT_CODES = `
Exit codes:
  0  fine
  1  failed: the last line says why, and what to do
  2  the command line is wrong
  3  done, but the cluster is not healthy
  4  refused, nothing was changed`;

/** `pg-dist`: the command line for people, with all its commands. What Terraform runs is program.ts, bundled for itself. */
export function createProgram(caller: Caller): Command {
  const program = new Command("pg-dist")
    .description("See and operate a Citus cluster of this project, from its own environment file.")
    .option("--no-color", "no colours, even on a terminal")
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .configureOutput({
      getOutHelpWidth: () => helpWidth(process.stdout),
      getErrHelpWidth: () => helpWidth(process.stderr),
    })
    .addHelpText("after", EXIT_CODES)
    .addHelpText("after", "\nExample:\n  npx pg-dist status production")
    .showHelpAfterError("(--help shows how it is used)")
    .exitOverride();
  addStatus(program, caller);
  addHealth(program, caller);
  addNodes(program, caller);
  addShards(program, caller);
  addTables(program, caller);
  addTenants(program, caller);
  addActivity(program, caller);
  addLocks(program, caller);
  addConnections(program, caller);
  addDoctor(program, caller);
  addLogs(program, caller);
  addPsql(program, caller);
  addRebalance(program, caller);
  addMaintenance(program, caller);
  addCredentials(program, caller);
  addForget(program, caller);
  addRecover(program, caller);
  addReview(program, caller);
  addApply(program, caller);
  addDrift(program, caller);
  addFirewall(program, caller);
  addCompletion(program);
  return program;
}

/** Lines are no longer than one reads, also where the terminal is wider or there is none. */
function helpWidth({ columns }: Partial<Pick<NodeJS.WriteStream, "columns">>): number {
  return Math.min(columns || WIDEST_HELP, WIDEST_HELP);
}

const WIDEST_HELP = 100;

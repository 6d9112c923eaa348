import type { Command } from "commander";
import type { Caller } from "../base/caller/caller";
import { type Cluster, formatEndpoint } from "../../model/cluster";
import { coordinatorOf } from "../cluster/cluster-file";
import { type ExitCode, Failure } from "../base/failure";
import type { Progress } from "../base/progress";
import { progressBeside, progressOf } from "./progress";
import { limitNodeConnections } from "../cluster/nodes/reachability";
import type { Transport } from "../cluster/connection/transports/transport";
import { isOtherDatabase } from "../base/command-line";
import { explainTimeout } from "./explain-timeout";
import { findTarget, openTarget, refuseTwins, timeoutOption, viaOption, warnOfTwins } from "./target";
import type { Connected } from "../cluster/connection/target";
import { advise, commandIn } from "../base/remedy";

/** Of every command that changes a cluster. */
export interface ChangeFlags {
  readonly via?: Transport["name"];
  /** Only of commands that have the option; see `databaseOption`. */
  readonly database?: string;
  /** In seconds. */
  readonly timeout: number;
  readonly yes?: true;
  /** The answer on standard output is for a script; progress goes to standard error. */
  readonly json?: true;
}

/** A cluster of this project with an open session on its coordinator. */
export interface Changing extends Connected {
  readonly cluster: Cluster;
  /** Lines of what happens, on standard output; with `--json` on standard error. */
  readonly progress: Progress;
}

/** `<environment> --via --timeout`: what changes a cluster wants its environment, which says what belongs to it. */
export function addChangeTarget(command: Command): Command {
  return command
    .argument("<environment>", "name of a file in environments/, without .ts")
    .addOption(viaOption())
    .addOption(timeoutOption("how long one node may take to answer; a change itself may take longer"));
}

/**
 * Connects, makes sure that this is the cluster that was meant and says so, works and ends the session. Its statements are limited to the target's time: what takes longer lifts that by
 * `withStatementTimeout`.
 *
 * @param name of the command, in pg_stat_activity and for whoever waits for our lock
 * @param changes false for one that only looks
 * @throws Failure (refused) where another environment is the same cluster, or the server isn't its recorded coordinator
 */
export async function changeCluster(
  environment: string,
  flags: ChangeFlags,
  caller: Caller,
  name: string,
  work: (target: Changing) => Promise<ExitCode>,
  changes = true,
): Promise<ExitCode> {
  const found = findTarget(environment, flags, caller);
  const { cluster } = found;
  if (changes) refuseTwins(found.twins ?? []);
  else warnOfTwins(found);
  if (cluster === undefined) throw new Failure(`${environment} names no cluster`, "give an environment");
  const target = await openTarget(found, name, "change");
  try {
    // Else the coordinator waits half a minute for a silent node, and often twice.
    await limitNodeConnections(target.session);
    if (changes) process.stderr.write(`${describeTarget(cluster, target.session.transport)}\n`);
    return await work({
      ...target,
      cluster,
      progress: flags.json === true ? progressBeside(caller) : progressOf(caller),
    });
  } catch (error) {
    const remedy = advise`${commandIn(cluster, "status")} names a node that it waits for`;
    throw explainTimeout(error, target.timeoutMs, remedy);
  } finally {
    await target.session.end();
  }
}

/** The cluster that is about to be changed, for a person who may have meant another. */
export function describeTarget(cluster: Cluster, transport?: Transport): string {
  const { id, endpoint } = coordinatorOf(cluster);
  const reached = transport === undefined ? "" : ` (${transport.name}: ${transport.description})`;
  const database = isOtherDatabase(cluster) ? `, database ${cluster.database}` : "";
  return `environment ${cluster.environment}${database}: cluster ${cluster.name}, coordinator ${id} at ${formatEndpoint(endpoint)}${reached}`;
}

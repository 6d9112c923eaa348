import type { Command } from "commander";
import type { Cluster } from "../../environments/cluster";
import { type ExitCode, Failure } from "../failure";
import { type Progress, createProgress } from "../progress";
import { limitNodeConnections } from "../registration/reachability";
import type { Way } from "../ways/way";
import { explainTimeout } from "./explain-timeout";
import { type Connected, findTarget, openTarget, passwordOf, timeoutOption, viaOption } from "./target";

/** Of every command that changes a cluster. */
export interface ChangeFlags {
  readonly via?: Way["name"];
  /** In seconds. */
  readonly timeout: number;
  readonly yes?: true;
}

/** A cluster of this project with an open session on its coordinator. */
export interface Changing extends Connected {
  readonly cluster: Cluster;
  readonly password: string;
  /** Lines of what happens, on standard output. */
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
 * Connects, works and ends the session. Its statements are limited to the target's time: what takes longer lifts that by
 * `withStatementTimeout`.
 *
 * @param name of the command, in pg_stat_activity and for whoever waits for our lock
 */
export async function changeCluster(
  environment: string,
  flags: ChangeFlags,
  name: string,
  work: (target: Changing) => Promise<ExitCode>,
): Promise<ExitCode> {
  const found = findTarget(environment, flags);
  const { cluster } = found;
  if (cluster === undefined) throw new Failure(`${environment} names no cluster`, "give an environment");
  const password = await passwordOf(found);
  const target = await openTarget(found, name);
  try {
    // Else the coordinator waits half a minute for a silent node, and often twice.
    await limitNodeConnections(target.session);
    return await work({ ...target, cluster, password, progress: createProgress() });
  } catch (error) {
    const remedy = `npx pg-dist status ${target.label} names a node that it waits for`;
    throw forPeople(explainTimeout(error, target.timeoutMs, remedy));
  } finally {
    await target.session.end();
  }
}

/** What Terraform runs says "apply again", which is not what a person did. */
function forPeople(error: unknown): unknown {
  if (!(error instanceof Failure)) return error;
  const rephrase = (text: string) => text.replace(/\bapply again\b/g, "run it again");
  const { summary, remedy, detail, exitCode, cause } = error;
  return new Failure(rephrase(summary), rephrase(remedy), {
    detail: detail.map(rephrase),
    exitCode,
    cause,
  });
}

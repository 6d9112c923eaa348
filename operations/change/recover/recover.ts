import { join } from "node:path";
import type { Caller } from "../../base/caller/caller";
import type { Cluster } from "../../../model/cluster";
import { readCluster } from "../../cluster/cluster-file";
import { CLUSTER_FILE } from "../../../model/contract/cluster-file";
import { EXIT, Failure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import type { Session } from "../../cluster/connection/session";
import type { Action } from "./action";
import { clearAdoption } from "./adopt";
import { type CarriedOut, type Machinery, carryOut } from "./carry-out";
import { readConfiguration } from "./configuration";
import { requireVariables } from "../../terraform/stack-file";
import { decide } from "./decide";
import { Engine } from "../../docker/engine/engine";
import { membershipsToRestore } from "./memberships";
import type { Situation } from "./situation";
import { surveyCoordinator, surveyHost } from "./survey";
import { Terraform } from "../../terraform/terraform";

export interface RecoverOptions {
  /** Of the synthesized stack: `cdktf.out/stacks/<environment>`. */
  readonly folder: string;
  /** Volumes that may go although they might hold something, each by its name. */
  readonly removeVolumes: readonly string[];
  readonly progress: Progress;
  readonly caller: Caller;
}

/** What is wrong between Docker, the configuration and the state, and what would be done about it. */
export interface Recovery {
  readonly cluster: Cluster;
  readonly situation: Situation;
  readonly actions: readonly Action[];
  /**
   * Nodes of which the state has the container, or will have it by an adoption, and no membership. It is put back: without it
   * nothing drains them.
   */
  readonly memberships: readonly string[];
  /** Adopts and removes as planned. */
  carryOut(): Promise<CarriedOut>;
  /** Ends the session on the coordinator, and with it the cluster's lock. */
  close(): Promise<void>;
}

/**
 * Compares what exists on the environment's Docker hosts with the synthesized configuration and Terraform's state.
 * Changes nothing until `carryOut`.
 *
 * @throws Failure when another Terraform is at work, a variable is missing, or a typed volume can't be removed
 */
export async function planRecovery(options: RecoverOptions): Promise<Recovery> {
  const { folder, progress, caller } = options;
  const cluster = readCluster(join(folder, CLUSTER_FILE));
  const { declared, requiredVariables } = readConfiguration(folder, cluster);
  requireVariables(requiredVariables, caller.env);

  clearAdoption(folder);
  const terraform = new Terraform(folder, caller.env);
  await terraform.init();
  const [network] = declared.networks;
  if (network !== undefined) await terraform.checkLock(network.address);
  progress("reading Terraform's state");
  const state = await terraform.readState();
  const whole = await terraform.pullState();

  const docker = new Map(cluster.hosts.map((host) => [host.id, new Engine(host, caller)]));
  let session: Session | undefined;
  const close = async () => {
    await session?.end();
    for (const host of docker.values()) host.close();
  };
  try {
    progress(`inspecting ${[...docker.keys()].join(", ")}`);
    const hosts = await Promise.all([...docker.values()].map((host) => surveyHost(host, cluster, progress)));
    progress("asking the coordinator");
    const asked = await surveyCoordinator(cluster, declared, hosts, progress, caller);
    session = asked.session;
    const situation: Situation = {
      ...{ cluster: cluster.name, environment: cluster.environment, declared, state, hosts },
      ...{ coordinator: asked.answer, removeVolumes: options.removeVolumes },
    };
    const actions = decide(situation);
    refuseVolumes(options.removeVolumes, actions);
    const machinery: Machinery = { terraform, folder, docker, progress };
    const memberships = membershipsToRestore(whole, declared, asked.answer, actions);
    return {
      cluster,
      situation,
      actions,
      memberships,
      close,
      carryOut: () => carryOut({ actions, memberships }, hosts, machinery),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whoever types a volume's name means it: it goes, or the whole is refused. */
function refuseVolumes(names: readonly string[], actions: readonly Action[]): void {
  for (const name of names) {
    const found = actions.filter((action) => action.type === "volume" && action.name === name);
    if (found.some(({ action }) => action === "remove")) continue;
    const container = actions.find(
      (each) => each.type === "container" && each.action === "leave" && name.startsWith(each.name),
    );
    throw new Failure(
      `volume ${name} can't be removed by this command: ` +
        (container?.reason ??
          found[0]?.reason ??
          "no container of this cluster that may be removed has a volume of that name"),
      "leave --remove-volume out, or remove it by hand with `docker volume rm` if it certainly holds nothing of value",
      { exitCode: EXIT.refused },
    );
  }
}

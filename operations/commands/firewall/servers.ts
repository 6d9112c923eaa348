import { type Cluster, type ClusterHost, describeCluster } from "../../../model/cluster";
import type { Environment } from "../../../model/environment";
import { type ServerFirewall, describeFirewall, unknownMembers } from "../../../model/firewall";
import type { Caller } from "../../base/caller/caller";
import { EXIT, Failure } from "../../base/failure";
import { type Remedy, advise, commandIn } from "../../base/remedy";
import type { FirewalledServer } from "../../change/firewall/put-in-force";
import { readSubnets } from "../../change/firewall/subnets";
import { hasShell } from "../../docker/root-shell";
import { findProject, findSameCluster, loadEnvironment } from "../../terraform/project";

/** An environment, and those of its Docker hosts that a command is about. */
export interface Declared {
  readonly environment: Environment;
  readonly cluster: Cluster;
  /** Other environments that are the same cluster, in words. */
  readonly twins: readonly string[];
  readonly servers: readonly FirewalledServer[];
}

/**
 * @param only id of a Docker host; all without it
 * @throws Failure (usage) for an unknown host; also where it isn't known from which address a member comes
 */
export function declaredServers(name: string, only: string | undefined): Declared {
  const project = findProject();
  const environment = loadEnvironment(project, name);
  const cluster = describeCluster(environment);
  const [unknown] = unknownMembers(environment);
  if (unknown !== undefined) {
    throw new Failure(
      `from which IPv4 address the connections of ${unknown} arrive isn't known: its address is a name, and it publishes on all of its addresses`,
      `say it in environments/${name}.ts: firewall: { members: { "${unknown}": ["10.0.0.4"] } }, with its own`,
    );
  }
  const meant = cluster.hosts.filter(({ id }) => only === undefined || id === only);
  if (only !== undefined && meant.length === 0) {
    throw new Failure(
      `no Docker host ${only} in ${name}`,
      `use one of: ${cluster.hosts.map(({ id }) => id).join(", ")}`,
      { exitCode: EXIT.usage },
    );
  }
  const servers = meant.map((host) => ({ host, firewall: firewallOf(environment, host) }));
  return { environment, cluster, twins: findSameCluster(project, environment), servers };
}

/**
 * The rules with the subnets that the cluster's network really has on this Docker host.
 *
 * @throws EngineFailure
 */
export async function withSubnets(
  { environment, cluster }: Declared,
  host: ClusterHost,
  caller: Caller,
  timeoutMs: number,
): Promise<FirewalledServer> {
  const subnets = await readSubnets(host, cluster.name, caller, timeoutMs);
  return { host, firewall: firewallOf(environment, host, subnets) };
}

function firewallOf(
  environment: Environment,
  { id }: ClusterHost,
  subnets?: readonly string[],
): ServerFirewall {
  const known = new Map(subnets === undefined ? [] : [[id, subnets]]);
  const firewall = describeFirewall(environment, known).find(({ host }) => host === id);
  if (firewall === undefined) throw new Error(`no Docker host ${id}`);
  return firewall;
}

/** Why nothing can be done on a Docker host from here, and what to do; undefined where it has a shell for us. */
export function withoutShell(
  { id, connection }: ClusterHost,
  { environment }: Pick<Cluster, "environment">,
): { readonly what: string; readonly remedy: Remedy } | undefined {
  if (hasShell({ connection })) return undefined;
  return {
    what: `its engine is reached by ${connection.split(":", 1).join()}://, which gives no shell on the server`,
    remedy: advise`have somebody with root there run what ${commandIn({ environment }, "firewall", "show", "--host", id)} prints; \`--removal\` prints what takes it away`,
  };
}

/**
 * Those servers on which something can be done.
 *
 * @throws Failure (refused) where there are none
 */
export function withShell({ servers, cluster }: Declared): readonly FirewalledServer[] {
  const able = servers.filter(({ host }) => hasShell(host));
  const [first] = servers;
  if (able.length > 0 || first === undefined) return able;
  const none = withoutShell(first.host, cluster);
  throw new Failure(`${first.host.id}: ${none?.what ?? ""}`, none?.remedy ?? "", { exitCode: EXIT.refused });
}

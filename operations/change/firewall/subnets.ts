import { isIPv4 } from "node:net";
import type { ClusterHost } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import { Engine } from "../../docker/engine/engine";
import { inspectNetwork } from "../../docker/engine/networks";

/**
 * The IPv4 subnets of the cluster's network, as the engine has it.
 *
 * @param timeout in milliseconds
 * @returns undefined where the network isn't there yet
 * @throws EngineFailure
 */
export async function readSubnets(
  host: ClusterHost,
  cluster: string,
  caller: Caller,
  timeout: number,
): Promise<string[] | undefined> {
  const docker = new Engine(host, caller);
  try {
    const network = await inspectNetwork(docker, cluster, timeout);
    return network?.IPAM.Config?.flatMap(({ Subnet = "" }) =>
      isIPv4(Subnet.split("/", 1).join()) ? [Subnet] : [],
    );
  } finally {
    docker.close();
  }
}

import type { Action } from "./action";
import { decideContainer, findDeclared } from "./decide-container";
import type { Declared, DeclaredResource, FoundNetwork, HostInventory, Situation } from "./situation";
import type { StateResource } from "../../terraform/terraform";
import { LABEL } from "../../../model/contract/labels";

/**
 * What to do with everything that belongs to the cluster, or stands where the configuration wants something. What is in
 * the state as it should be is not mentioned. In the order: networks, volumes, containers of each host.
 */
export function decide(situation: Situation): Action[] {
  return situation.hosts
    .filter(({ unreachable }) => unreachable === undefined)
    .flatMap((inventory) => {
      const containers = inventory.containers.flatMap((found) =>
        decideContainer(situation, inventory, found),
      );
      return [
        ...decideNetworks(situation, inventory),
        ...decideVolumes(situation, inventory, containers),
        ...containers,
      ];
    });
}

function decideNetworks(situation: Situation, inventory: HostInventory): Action[] {
  return inventory.networks.flatMap((network): Action[] => {
    const ours = network.labels[LABEL.cluster] === situation.cluster;
    const subject = { type: "network", host: inventory.host, name: network.name } as const;
    const declared = find(situation.declared, "networks", inventory.host, network.name);
    if (inState(situation.state, "docker_network", network.id)) return [];
    if (declared !== undefined && ours) return [adoptNetwork(situation, declared, network)];
    if (declared !== undefined) {
      const reason =
        "not made by pg-dist, and the configuration needs its name: remove it, or give the cluster another name";
      return [{ ...subject, action: "leave", blocks: true, reason }];
    }
    if (!ours) return [];
    const user = inventory.containers.find(({ networks }) => networks.includes(network.name));
    return user === undefined
      ? [{ ...subject, action: "remove", id: network.id, reason: "no longer declared, and nothing is on it" }]
      : [
          {
            ...subject,
            action: "leave",
            blocks: false,
            reason: `no longer declared, but ${user.name} is on it`,
          },
        ];
  });
}

function adoptNetwork(situation: Situation, declared: DeclaredResource, network: FoundNetwork): Action {
  const { address, host, name } = declared;
  const replacesEntry = hasAddress(situation.state, address);
  return {
    ...{ action: "adopt", type: "network", host, name, address, id: network.id, replacesEntry },
    reason: replacesEntry ? "the state has an older one" : "not in the state",
  };
}

function decideVolumes(
  situation: Situation,
  inventory: HostInventory,
  containers: readonly Action[],
): Action[] {
  const decided = containers.filter(({ type }) => type === "volume").map(({ name }) => name);
  return situation.declared.volumes.flatMap((declared): Action[] => {
    const { address, host, name } = declared;
    if (host !== inventory.host || !inventory.volumes.includes(name) || decided.includes(name)) return [];
    if (hasAddress(situation.state, address)) return [];
    const subject = { type: "volume", host, name } as const;
    const stranger = inventory.containers.find(
      (found) =>
        found.volumes.includes(name) && !findDeclared(situation, host, found)?.volumes.includes(name),
    );
    return stranger === undefined
      ? [{ ...subject, action: "adopt", address, id: name, replacesEntry: false, reason: "not in the state" }]
      : [
          {
            ...{ ...subject, action: "leave", blocks: true },
            reason: `container ${stranger.name} mounts it, which is not the node that the configuration means`,
          },
        ];
  });
}

function find(
  declared: Declared,
  kind: "networks" | "containers",
  host: string,
  name: string,
): DeclaredResource | undefined {
  return declared[kind].find((each) => each.host === host && each.name === name);
}

function inState(state: readonly StateResource[], type: string, id: string): boolean {
  return state.some((each) => each.type === type && each.id === id);
}

function hasAddress(state: readonly StateResource[], address: string): boolean {
  return state.some((each) => each.address === address);
}

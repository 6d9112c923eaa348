import { setTimeout as sleep } from "node:timers/promises";
import { refresh, resolve } from "./compare";
import type { DockerClient } from "./docker-client";
import { labelsFromApi, labelsToApi } from "./labels";
import { entries, type Resource } from "./provider";
import {
  computed,
  FORCE_NEW,
  labelsBlock,
  optional,
  optionalComputed,
  required,
  STRINGS,
  withDefault,
  type Schema,
} from "./schema";
import { withoutUnknowns, type State } from "./wire";

/** How long containers that are still connected are waited for, as in the real provider. */
const ACTIVE_ENDPOINTS_MS = 30_000;
const POLL_MS = 500;

const schema: Schema = {
  version: 1,
  attributes: {
    id: computed("string"),
    name: required("string", FORCE_NEW),
    driver: optionalComputed("string", FORCE_NEW),
    options: optionalComputed(STRINGS.map, FORCE_NEW),
    internal: optionalComputed("bool", FORCE_NEW),
    attachable: optional("bool", FORCE_NEW),
    ingress: optional("bool", FORCE_NEW),
    ipv6: optional("bool", FORCE_NEW),
    ipam_driver: withDefault("string", "default", FORCE_NEW),
    ipam_options: optional(STRINGS.map, FORCE_NEW),
    scope: computed("string"),
  },
  blocks: {
    ipam_config: {
      nesting: "set",
      forceNew: true,
      computed: true,
      attributes: {
        subnet: optional("string"),
        ip_range: optional("string"),
        gateway: optional("string"),
        aux_address: optional(STRINGS.map),
      },
    },
    labels: labelsBlock(FORCE_NEW),
  },
};

interface IpamConfig {
  Subnet?: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

interface Network {
  Name: string;
  Driver: string;
  Options: Record<string, string> | null;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  EnableIPv6: boolean;
  Scope: string;
  IPAM: { Driver: string; Options: Record<string, string> | null; Config: IpamConfig[] | null };
  Labels: Record<string, string> | null;
}

function ipamFromApi(config: IpamConfig): State {
  return {
    subnet: config.Subnet || null,
    ip_range: config.IPRange || null,
    gateway: config.Gateway || null,
    aux_address:
      Object.keys(config.AuxiliaryAddresses ?? {}).length > 0 ? (config.AuxiliaryAddresses ?? null) : null,
  };
}

/**
 * What the engine says of a network. The subnet that Docker chose by itself isn't taken into the state: the real
 * provider's older type system allows that, the one used here doesn't. An imported network shows it.
 */
function fromApi(network: Network, state: State): State {
  const showIpam = state.name === null || entries(state.ipam_config).length > 0;
  return {
    name: network.Name,
    driver: network.Driver,
    options: network.Options ?? {},
    internal: network.Internal,
    attachable: network.Attachable,
    ingress: network.Ingress,
    ipv6: network.EnableIPv6,
    ipam_driver: network.IPAM.Driver,
    ipam_options: network.IPAM.Options ?? {},
    scope: network.Scope,
    labels: labelsFromApi(network.Labels),
    ...(showIpam ? { ipam_config: (network.IPAM.Config ?? []).map(ipamFromApi) } : {}),
  };
}

function toApi(planned: State): object {
  const ipam = entries(planned.ipam_config);
  return {
    Name: planned.name,
    CheckDuplicate: true, // engines before API 1.44 make a second network of the same name otherwise
    Driver: planned.driver ?? "",
    Options: planned.options ?? {},
    Internal: planned.internal ?? false,
    Attachable: planned.attachable ?? false,
    Ingress: planned.ingress ?? false,
    EnableIPv6: planned.ipv6 ?? false,
    IPAM: {
      Driver: planned.ipam_driver,
      Options: planned.ipam_options ?? {},
      Config: ipam.map((config) => ({
        Subnet: config.subnet ?? "",
        IPRange: config.ip_range ?? "",
        Gateway: config.gateway ?? "",
        AuxiliaryAddresses: config.aux_address ?? {},
      })),
    },
    Labels: labelsToApi(planned.labels),
  };
}

/** docker_network. Like the real provider it takes every failed look-up for a network that is gone. */
export const networkResource: Resource<DockerClient> = {
  schema,
  importable: true,

  async create(client, planned, exists) {
    const engine = await client.engine();
    let id: string;
    try {
      const body = toApi(withoutUnknowns(planned) as State);
      ({ Id: id } = await engine.request<{ Id: string }>("POST", "/networks/create", { body }));
    } catch (error) {
      throw new Error(`Unable to create network: ${(error as Error).message}`, { cause: error });
    }
    exists({ id });
    const network = await engine.request<Network>("GET", `/networks/${id}`);
    return resolve(planned, { id, ...fromApi(network, planned) }) as State;
  },

  async read(client, state) {
    const engine = await client.engine();
    const network = await engine
      .request<Network>("GET", `/networks/${encodeURIComponent(String(state.id))}`)
      .catch(() => null);
    return network && refresh(schema, state, fromApi(network, state));
  },

  update: async (_client, _prior, planned) => planned,

  async delete(client, state) {
    const engine = await client.engine();
    const path = `/networks/${encodeURIComponent(String(state.id))}`;
    const giveUp = Date.now() + ACTIVE_ENDPOINTS_MS;
    while (await engine.request("GET", path).catch(() => null)) {
      try {
        return await engine.request("DELETE", path);
      } catch (error) {
        if (!(error as Error).message.includes("has active endpoints") || Date.now() > giveUp) throw error;
        await sleep(POLL_MS);
      }
    }
  },
};

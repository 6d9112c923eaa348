import type { Cluster } from "../../../model/cluster";
import { Failure } from "../../base/failure";
import type { Declared, DeclaredContainer, DeclaredResource, DeclaredVolume } from "./situation";
import { LABEL } from "../../../model/contract/labels";
import { AGAIN, advise } from "../../base/remedy";
import {
  type StackJson,
  type StackResource,
  readStackFile,
  requiredVariables,
} from "../../terraform/stack-file";

/** A synthesized stack, as far as recovery needs it. */
export interface StackConfiguration {
  readonly declared: Declared;
  /** Variables without a value of their own, which the process environment must give as TF_VAR_<name>. */
  readonly requiredVariables: readonly string[];
}

export function readConfiguration(folder: string, cluster: Cluster): StackConfiguration {
  const stack = readStackFile(folder);
  return {
    declared: describe(stack, cluster),
    requiredVariables: requiredVariables(stack),
  };
}

function describe(stack: StackJson, cluster: Cluster): Declared {
  const resources = (type: string) =>
    Object.entries(stack.resource?.[type] ?? {}).map(([key, json]) => ({
      json,
      resource: { address: `${type}.${key}`, host: aliasOf(json.provider), name: json.name },
    }));
  return {
    containers: resources("docker_container").map(({ json, resource }) =>
      describeContainer(stack, json, resource, cluster),
    ),
    volumes: resources("docker_volume").map(({ json, resource }): DeclaredVolume => {
      const device = json.driver_opts?.device;
      return { ...resource, ...(device === undefined ? {} : { device }) };
    }),
    networks: resources("docker_network").map(({ resource }) => resource),
  };
}

function describeContainer(
  stack: StackJson,
  json: StackResource,
  resource: DeclaredResource,
  cluster: Cluster,
): DeclaredContainer {
  const id = json.labels?.find(({ label }) => label === LABEL.node)?.value;
  const node = cluster.nodes.find((each) => each.id === id);
  if (node === undefined) {
    throw new Failure(
      `${resource.address} is no node of cluster ${cluster.name}`,
      advise`check that \`npx cdktf synth\` writes all of it, then ${AGAIN}`,
    );
  }
  // Volumes and networks stand there as references: ${docker_volume.server-d_worker1.name}.
  const names = (type: string) =>
    [...JSON.stringify(json).matchAll(new RegExp(`\\$\\{${type}\\.([\\w-]+)\\.name\\}`, "g"))].flatMap(
      ([, key = ""]) => stack.resource?.[type]?.[key]?.name ?? [],
    );
  return {
    ...resource,
    node: node.id,
    role: node.role,
    endpoint: node.endpoint,
    network: names("docker_network")[0] ?? cluster.name,
    volumes: names("docker_volume"),
  };
}

function aliasOf(provider: string): string {
  return provider.replace(/^docker\./, "");
}

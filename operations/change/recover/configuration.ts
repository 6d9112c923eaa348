import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../../../model/cluster";
import { Failure, oneLine } from "../../base/failure";
import type { Declared, DeclaredContainer, DeclaredResource, DeclaredVolume } from "./situation";
import { LABEL } from "../../../model/contract/labels";
import { AGAIN, advise } from "../../base/remedy";

/** A synthesized stack, as far as recovery needs it. */
export interface StackConfiguration {
  readonly declared: Declared;
  /** Variables without a value of their own, which the process environment must give as TF_VAR_<name>. */
  readonly requiredVariables: readonly string[];
}

interface StackJson {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, ResourceJson>>>>;
  readonly variable?: Readonly<Record<string, { readonly default?: unknown }>>;
  /** HCP Terraform keeps the values of variables itself. */
  readonly terraform?: { readonly cloud?: unknown };
}

interface ResourceJson {
  readonly name: string;
  readonly provider: string;
  readonly labels?: readonly { readonly label: string; readonly value: string }[];
  readonly driver_opts?: { readonly device?: string };
  readonly [key: string]: unknown;
}

/** Reads `cdk.tf.json` of a stack's folder. */
export function readConfiguration(folder: string, cluster: Cluster): StackConfiguration {
  const file = join(folder, "cdk.tf.json");
  let stack: StackJson;
  try {
    stack = JSON.parse(readFileSync(file, "utf8")) as StackJson;
  } catch (error) {
    throw new Failure(
      `can't read ${file}: ${oneLine(error)}`,
      advise`see that \`npx cdktf synth\` writes it whole, then ${AGAIN}`,
      { cause: error },
    );
  }
  return {
    declared: describe(stack, cluster),
    requiredVariables:
      stack.terraform?.cloud === undefined
        ? Object.entries(stack.variable ?? {}).flatMap(([name, variable]) =>
            variable.default === undefined || variable.default === "" ? [name] : [],
          )
        : [],
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
  json: ResourceJson,
  resource: DeclaredResource,
  cluster: Cluster,
): DeclaredContainer {
  const id = json.labels?.find(({ label }) => label === LABEL.node)?.value;
  const node = cluster.nodes.find((each) => each.id === id);
  if (node === undefined) {
    throw new Failure(
      `${resource.address} is no node of cluster ${cluster.name}`,
      advise`see that \`npx cdktf synth\` writes it whole, then ${AGAIN}`,
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

/** @throws Failure for a variable that the process environment lacks */
export function requireVariables(
  names: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): void {
  const missing = names.filter((name) => !env[`TF_VAR_${name}`]).map((name) => `TF_VAR_${name}`);
  if (missing.length > 0) {
    throw new Failure(
      `${missing.join(" and ")} is not set`,
      "set it as for `cdktf deploy`: Terraform needs it",
    );
  }
}

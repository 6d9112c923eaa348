import { LABEL } from "../../../model/contract/labels";
import type { StackJson, StackResource } from "../../terraform/stack-file";

/**
 * What the stack declares of a node's container and Terraform ignores from then on, or never reads back
 * (IGNORED_CHANGES in constructs/citus-node.ts): a plan is silent about it.
 */
export interface DeclaredContainer {
  /** `10.0.0.1:5432->5432` each. */
  readonly ports: readonly string[];
  /** By name; undefined where the value is a variable's, which is a secret. */
  readonly environment: ReadonlyMap<string, string | undefined>;
  /** `name:ip` each. */
  readonly hosts: readonly string[];
  readonly dns: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly logOptions: Readonly<Record<string, string>>;
}

export interface DeclaredStack {
  /** By node id. */
  readonly containers: ReadonlyMap<string, DeclaredContainer>;
  /** Subnet of the cluster's network by host id. */
  readonly subnets: ReadonlyMap<string, string>;
  /** Directory behind a volume by its host and its name (`server-d citus-worker1`); only of those that have one. */
  readonly devices: ReadonlyMap<string, string>;
}

export function readDeclaredStack(stack: StackJson): DeclaredStack {
  const of = (type: string) => Object.values(stack.resource?.[type] ?? {});
  return {
    containers: new Map(
      of("docker_container").flatMap((json) => {
        const { [LABEL.node]: node, ...labels } = labelsOf(json);
        return node === undefined ? [] : [[node, describe(json, { [LABEL.node]: node, ...labels })]];
      }),
    ),
    subnets: new Map(
      of("docker_network").flatMap(({ provider, ipam_config: ipam }) => {
        const [subnet] = (ipam ?? []) as { readonly subnet?: string }[];
        return subnet?.subnet === undefined ? [] : [[hostOfProvider(provider), subnet.subnet]];
      }),
    ),
    devices: new Map(
      of("docker_volume").flatMap(({ name, provider, driver_opts: options }) =>
        options?.device === undefined
          ? []
          : [[volumeOf(hostOfProvider(provider), name), plain(options.device)]],
      ),
    ),
  };
}

/** Each host's provider is an alias with the host's id. */
function hostOfProvider(provider: string): string {
  return provider.replace(/^docker\./, "");
}

/** Two hosts may have a worker of the same name. */
export function volumeOf(host: string, name: string): string {
  return `${host} ${name}`;
}

function labelsOf({ labels = [] }: StackResource): Record<string, string> {
  return Object.fromEntries(labels.map(({ label, value }) => [label, plain(value)]));
}

function describe(json: StackResource, labels: Readonly<Record<string, string>>): DeclaredContainer {
  const ports = (json["ports"] ?? []) as { internal: number; external?: number; ip?: string }[];
  const hosts = (json["host"] ?? []) as { host: string; ip: string }[];
  const env = (json["env"] ?? []) as string[];
  return {
    ports: ports
      .map(({ ip = "0.0.0.0", external, internal }) => portText(ip, external ?? 0, internal))
      .sort(),
    environment: new Map(
      env.map((entry) => {
        const [name, value] = splitEntry(entry);
        return [name, isReference(value) ? undefined : plain(value)];
      }),
    ),
    hosts: hosts.map(({ host, ip }) => `${host}:${ip}`).sort(),
    dns: (json["dns"] ?? []) as string[],
    labels,
    logOptions: (json["log_opts"] ?? {}) as Record<string, string>,
  };
}

export function portText(ip: string, published: number | string, internal: number | string): string {
  return `${ip}:${published}->${internal}`;
}

/** `NAME=value`, of a container's environment. */
export function splitEntry(entry: string): [name: string, value: string] {
  const end = entry.indexOf("=");
  return end < 0 ? [entry, ""] : [entry.slice(0, end), entry.slice(end + 1)];
}

function isReference(text: string): boolean {
  return /(?<!\$)\$\{/.test(text);
}

/** A text of Terraform without its escapes (constructs/escape-template.ts). */
function plain(text: string): string {
  return text.replace(/([$%])\1\{/g, "$1{");
}

import type { Cluster, ClusterNode } from "../../../model/cluster";
import { LABEL } from "../../../model/contract/labels";
import { shellWord } from "../../base/shown-words";
import { type Remedy, advise, commandIn, deployOf } from "../../base/remedy";
import { replaceContainer } from "../../base/terraform-command";
import { describeDocker } from "../../docker/describe-docker";
import type { ContainerJson } from "../../docker/engine/containers";
import { type DeclaredContainer, portText, splitEntry } from "./declared-containers";
import type { Drift } from "./drift";
import type { HostFacts } from "./read-host";

/** What a node's container has otherwise than it is declared, and no plan shows. */
export function compareContainer(
  node: ClusterNode,
  declared: DeclaredContainer,
  json: ContainerJson,
  { cluster, facts }: { readonly cluster: Cluster; readonly facts: HostFacts },
): Drift[] {
  const replace = `${replaceContainer(cluster.environment, node.id)} recreates it on its data, as declared`;
  const differ = (
    code: Drift["code"],
    severity: Drift["severity"],
    name: string,
    [wanted, found]: readonly [readonly string[], readonly string[]],
    remedy: Remedy = replace,
  ): Drift[] => {
    const [own, other] = [wanted.join(", "), found.join(", ")];
    if (own === other) return [];
    const sides = { declared: own || "none", found: other || "none" };
    return [{ code, severity, where: [node.id], what: `its container's ${name} differ`, ...sides, remedy }];
  };
  return [
    ...differ("ports", "warning", "published ports", [declared.ports, portsOf(json)]),
    ...environment(node, declared, json, facts, replace),
    ...networks(node, json, cluster, facts),
    ...differ("hosts", "advice", "extra hosts", [
      declared.hosts,
      [...(json.HostConfig.ExtraHosts ?? [])].sort(),
    ]),
    ...differ("dns", "advice", "name servers", [declared.dns, json.HostConfig.Dns ?? []]),
    ...differ("labels", "advice", "labels", labels(declared, json)),
    ...differ("log", "advice", "log options", [entries(declared.logOptions), logOptions(declared, json)]),
  ];
}

function portsOf({ HostConfig }: ContainerJson): string[] {
  return Object.entries(HostConfig.PortBindings ?? {})
    .flatMap(([internal, bindings]) =>
      (bindings ?? []).map(({ HostIp, HostPort }) =>
        portText(HostIp || "0.0.0.0", HostPort, internal.replace(/\/tcp$/, "")),
      ),
    )
    .sort();
}

/** Only those of ours: an image may have labels too. */
function labels(declared: DeclaredContainer, { Config }: ContainerJson): readonly [string[], string[]] {
  const found = Object.entries(Config.Labels ?? {}).filter(([label]) => label in declared.labels);
  return [entries(declared.labels), entries(Object.fromEntries(found))];
}

function logOptions({ logOptions: declared }: DeclaredContainer, { HostConfig }: ContainerJson): string[] {
  const { Type = "", Config } = HostConfig.LogConfig ?? {};
  // What the engine adds by itself counts for every container of that server.
  const own = Object.entries(Config ?? {}).filter(([name]) => name in declared);
  return Type === "json-file" ? entries(Object.fromEntries(own)) : [`driver ${Type}`];
}

function entries(record: Readonly<Record<string, string>>): string[] {
  return Object.entries(record)
    .map(([name, value]) => `${name}=${value}`)
    .sort();
}

/**
 * By name only, as one of them is the password. That one is not compared: the image reads it when it initialises an empty
 * volume and never again, and it is an old one on every container that outlived a change of the password.
 */
function environment(
  node: ClusterNode,
  { environment: declared }: DeclaredContainer,
  { Config, Image }: ContainerJson,
  { images }: HostFacts,
  remedy: Remedy,
): Drift[] {
  const found = new Map((Config.Env ?? []).map(splitEntry));
  const image = images.get(Image);
  const inherited = new Set((image?.Config?.Env ?? []).map((entry) => splitEntry(entry)[0]));
  const missing = [...declared.keys()].filter((name) => !found.has(name));
  const other = [...declared].filter(
    ([name, value]) => value !== undefined && found.has(name) && found.get(name) !== value,
  );
  // Without its image nobody knows which of them are its own.
  const added =
    image === undefined
      ? []
      : [...found.keys()].filter((name) => !declared.has(name) && !inherited.has(name));
  const differences = [
    ...missing.map((name) => `${name} is missing`),
    ...other.map(([name]) => `${name} has another value`),
    ...added.map((name) => `${name} is not declared`),
  ];
  if (differences.length === 0) return [];
  return [
    {
      code: "environment",
      severity: "warning",
      where: [node.id],
      subject: [...missing, ...other.map(([name]) => name), ...added].join(", "),
      what: `its container's environment differs: ${differences.join(", ")}`,
      remedy,
    },
  ];
}

function networks(node: ClusterNode, json: ContainerJson, { name }: Cluster, { host }: HostFacts): Drift[] {
  const found = Object.keys(json.NetworkSettings.Networks);
  const container = shellWord(node.container);
  const line = (...words: string[]) => `\`${describeDocker(host, ["network", ...words])}\``;
  const more = found.filter((network) => network !== name);
  return [
    ...(found.includes(name)
      ? []
      : [
          {
            ...({ code: "networks", severity: "broken", where: [node.id], subject: name } as const),
            what: `its container is not on the cluster's network ${name}`,
            ...{ declared: name, found: more.join(", ") || "none" },
            remedy: line("connect", name, container),
          },
        ]),
    ...more.map((network): Drift => ({
      ...{ code: "networks", severity: "warning", where: [node.id], subject: network },
      what: `its container is on the network ${network} too`,
      ...{ declared: name, found: found.join(", ") },
      remedy: line("disconnect", shellWord(network), container),
    })),
  ];
}

/** Containers that Terraform doesn't know, of the cluster's name, with its labels, or on its network. */
export function otherContainers(
  { host, containers }: HostFacts,
  cluster: Cluster,
  managed: ReadonlySet<string>,
): Drift[] {
  const names = new Set(cluster.nodes.filter((node) => node.host === host.id).map((node) => node.container));
  return [...containers].flatMap(([name, json]): Drift[] => {
    if (names.has(name) || managed.has(json.Id)) return [];
    const line = (...words: string[]) => `\`${describeDocker(host, words)}\``;
    if (json.Config.Labels?.[LABEL.cluster] === cluster.name) {
      return [
        {
          code: "container-leftover",
          severity: "warning",
          where: [host.id],
          subject: name,
          what: `the container ${name} has the cluster's labels, and neither the configuration nor Terraform has it`,
          remedy: advise`see what it is (${line("inspect", shellWord(name))}); a node that left before Terraform could remove its container:
            ${line("rm", "--force", shellWord(name))}, which leaves its volume; after a lost state: ${commandIn(cluster, "recover")}`,
        },
      ];
    }
    return [
      {
        code: "container-foreign",
        severity: "warning",
        where: [host.id],
        subject: name,
        what: `the container ${name} (${json.Config.Image}) is on the cluster's network ${cluster.name}, and was not started by Terraform`,
        remedy: `${line("network", "disconnect", "--force", cluster.name, shellWord(name))} takes it off the network; a client of the cluster reaches the coordinator by its published port`,
      },
    ];
  });
}

/** A container of a node's name that isn't the one that Terraform made: its next apply would fail, as the name is taken. */
export function unmanagedContainer(node: ClusterNode, json: ContainerJson, cluster: Cluster): Drift {
  const ours = json.Config.Labels?.[LABEL.cluster] === cluster.name;
  return {
    code: "container-unmanaged",
    severity: "broken",
    where: [node.id],
    what: `the container ${node.container} is not the one that Terraform made: a deploy would fail, as its name is taken`,
    remedy: ours
      ? advise`${commandIn(cluster, "recover")} takes it into the state`
      : advise`see whose it is; rename or remove it, then ${deployOf(cluster.environment)} makes the node's on its volume`,
  };
}

import type { Cluster } from "../../../model/cluster";
import { PUBLISHED_SETTING, majorOfImage } from "../../../model/cluster";
import { readServerName } from "../../../model/contract/server-name";
import type { Problem } from "../../base/failure";
import { type DataOfNode, versionOfImage } from "../../cluster/nodes/image-on-data";
import type { ExistingNode } from "./nodes";
import type { Change, Replacement } from "./replacement";

/** Of containers that don't run as the environment says; not of those that were replaced one by one before. */
export function findReplacements(nodes: readonly ExistingNode[]): Replacement[] {
  return nodes
    .map((node) => ({ node: node.wanted, changes: changesOf(node) }))
    .filter(({ changes }) => changes.length > 0);
}

/** From what runs, wherever that can tell; a record that a failed registration left behind may be older. */
function changesOf(node: ExistingNode): Change[] {
  const { wanted, recorded, running } = node;
  const changes = changedSettings(running?.settings ?? recorded?.settings ?? {}, wanted.settings);
  if (!runsImage(node)) changes.unshift({ kind: "image", text: `image ${imageOf(node)} -> ${wanted.image}` });
  const known = node.container ?? recorded;
  const cpus = known?.cpus ?? undefined;
  if (known !== undefined && cpus !== wanted.cpus) {
    changes.push({
      kind: "cpus",
      text: `cpus ${cpus ?? "unlimited"} -> ${wanted.cpus ?? "unlimited"}`,
    });
  }
  return changes;
}

function imageOf({ container, recorded, running }: ExistingNode): string {
  return (
    container?.image || recorded?.image || (running === undefined ? "unknown" : `with Citus ${running.citus}`)
  );
}

function changedSettings(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  // They change with a node's endpoint, and with where it is published: for those nodes only, and the plan shows it.
  names.delete("cluster_name");
  names.delete(PUBLISHED_SETTING);
  return [...names]
    .filter((name) => before[name] !== after[name])
    .map((name) => ({
      kind: "setting",
      text: `${name} ${before[name] ?? "unset"} -> ${after[name] ?? "unset"}`,
    }));
}

/**
 * As its container says; where Docker can't be asked, as the server's version shows, by which two images with one version
 * can't be told apart.
 */
function runsImage({ wanted, recorded, running, container }: ExistingNode): boolean {
  if (container !== undefined) return container.image === wanted.image;
  if (recorded?.image === wanted.image) return true;
  const version = versionOfImage(wanted.image);
  if (running === undefined || version === undefined) return recorded === undefined;
  return (
    version === running.citus &&
    wanted.postgresMajor === running.major &&
    version !== versionOfImage(recorded?.image ?? "")
  );
}

/** Nodes that run under another cluster's name: their containers and volumes would be new ones, and empty. */
export function findRenamed(cluster: Cluster, nodes: readonly ExistingNode[]): Problem[] {
  return nodes.flatMap(({ wanted, running }) => {
    const { cluster: name, id } = readServerName(running?.settings["cluster_name"]) ?? {};
    if (name === undefined || id !== wanted.id || name === cluster.name) return [];
    return [
      {
        node: wanted.id,
        what: `the cluster is called ${name}, and as ${cluster.name} it would get new, empty volumes`,
        remedy:
          `set \`cluster: "${name}"\` again; to give up the data, set \`protected: false\` and apply with ` +
          `PGDIST_DESTROY=${cluster.environment}`,
      },
    ];
  });
}

/** By the server that runs, else by the image that was registered. */
export function dataOf({ wanted, recorded, running }: ExistingNode): DataOfNode {
  return {
    wanted,
    major: running?.major ?? majorOfImage(recorded?.image ?? ""),
    citus: running?.citus ?? versionOfImage(recorded?.image ?? ""),
  };
}

/** Of nodes whose replacement brings another minor version of Citus, e.g. `13.0.3 -> 13.2.0`. */
export function citusUpgrade(nodes: readonly ExistingNode[]): string | undefined {
  const upgrades = nodes.flatMap(({ wanted, running }) => {
    const version = versionOfImage(wanted.image);
    if (version === undefined || running === undefined || minorOf(version) === minorOf(running.citus))
      return [];
    return [`${running.citus} -> ${version}`];
  });
  return upgrades[0];
}

function minorOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

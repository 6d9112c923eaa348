import type { Cluster, ClusterNode } from "../../../model/cluster";
import { shellWord } from "../../base/shown-words";
import { replaceContainer } from "../../base/terraform-command";
import { describeDocker } from "../../docker/describe-docker";
import type { ImageJson } from "../../docker/engine/images";
import type { Drift } from "./drift";
import type { HostFacts } from "./read-host";

/** A node that runs, and what its container was made of. */
interface Running {
  readonly node: ClusterNode;
  readonly facts: HostFacts;
  /** Id of its image. */
  readonly id: string;
  readonly image?: ImageJson;
}

/**
 * Containers whose image isn't what its name means on that engine now, and nodes of one name with different images: a tag is
 * a promise that a registry, or anybody with `docker tag`, can break.
 *
 * @param settled whether nothing of a node's container is about to be replaced
 */
export function compareImages(
  hosts: readonly HostFacts[],
  cluster: Cluster,
  settled: (node: ClusterNode) => boolean,
): Drift[] {
  const running = hosts.flatMap((facts) =>
    cluster.nodes
      .filter((node) => node.host === facts.host.id && settled(node))
      .flatMap((node): Running[] => {
        const json = facts.containers.get(node.container);
        if (json === undefined || json.Config.Image !== node.image) return [];
        return [{ node, facts, id: json.Image, image: facts.images.get(json.Image) }];
      }),
  );
  const moved = running.filter(({ node, facts, id }) => {
    const now = facts.images.get(node.image);
    return now !== undefined && now.Id !== id;
  });
  return [
    ...byHostAndImage(moved).map((nodes) => describeMoved(nodes, cluster)),
    ...different(running.filter((each) => !moved.includes(each))),
  ];
}

type Some<Item> = readonly [Item, ...Item[]];

function byHostAndImage(all: readonly Running[]): Some<Running>[] {
  const groups = new Map<string, Some<Running>>();
  for (const each of all) {
    const key = JSON.stringify([each.node.host, each.node.image, each.id]);
    const group = groups.get(key);
    groups.set(key, group === undefined ? [each] : [...group, each]);
  }
  return [...groups.values()];
}

function describeMoved(nodes: Some<Running>, { environment }: Cluster): Drift {
  const [{ node, facts, id }] = nodes;
  const now = facts.images.get(node.image)?.Id ?? "";
  const back = describeDocker(facts.host, ["tag", id, shellWord(node.image)]);
  return {
    code: "image-moved",
    severity: "warning",
    where: nodes.map((each) => each.node.id),
    subject: node.image,
    what: `${node.image} is another image on ${node.host} by now: the next container made there would run that one`,
    declared: short(now),
    found: short(id),
    remedy: `\`${back}\` gives the name back to what runs; or take the new one, ${replaceContainer(environment, node.id)}`,
  };
}

/** The engine's own ids differ between kinds of image stores, for the same image. */
function different(running: readonly Running[]): Drift[] {
  const names = [...new Set(running.map(({ node }) => node.image))];
  return names.flatMap((name): Drift[] => {
    const groups: Some<Running>[] = [];
    for (const each of running.filter(({ node }) => node.image === name)) {
      const index = groups.findIndex(([first]) => isSame(first, each));
      const group = groups[index];
      if (group === undefined) groups.push([each]);
      else groups[index] = [...group, each];
    }
    const [most, ...others] = groups.sort((a, b) => b.length - a.length);
    const [other] = others;
    if (most === undefined || other === undefined) return [];
    return [
      {
        code: "image-differs",
        severity: "warning",
        where: others.flatMap((group) => group.map(({ node }) => node.id)),
        subject: name,
        what: `nodes of the same ${name} run different images`,
        declared: `as on ${most[0].node.id}: ${called(most[0])}`,
        found: others.map(([first]) => called(first)).join(", "),
        remedy: `name the image by its digest in the environment (${pinned(name, most[0])}), and deploy`,
      },
    ];
  });
}

function isSame(one: Running, other: Running): boolean {
  if (one.id === other.id) return true;
  const [digests, theirs] = [digestsOf(one), digestsOf(other)];
  if (digests.length > 0 && theirs.length > 0) return digests.some((digest) => theirs.includes(digest));
  const [layers, others] = [one.image?.RootFS?.Layers ?? [], other.image?.RootFS?.Layers ?? []];
  return layers.length > 0 && layers.join() === others.join();
}

function digestsOf({ image }: Running): string[] {
  return (image?.RepoDigests ?? []).flatMap((each) => each.split("@")[1] ?? []);
}

function called(running: Running): string {
  return short(digestsOf(running)[0] ?? running.id);
}

function pinned(name: string, running: Running): string {
  const [digest] = digestsOf(running);
  return digest === undefined
    ? "push it to a registry first, which gives it one"
    : `image: "${name}@${digest}"`;
}

/** As docker shows it. */
function short(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}

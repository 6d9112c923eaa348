import type { Cluster } from "../../../model/cluster";
import type { DriftCode } from "../../../model/drift-code";
import type { PlanJson } from "../../terraform/plan";
import type { Explained } from "../../cluster/nodes/connection-cause";
import type { Snapshot } from "../status/snapshot";
import { compareCluster } from "./compare-cluster";
import { compareHost } from "./compare-host";
import { compareImages } from "./compare-images";
import { type PlanDrift, comparePlan } from "./compare-plan";
import { compareRoleSettings } from "./compare-role-settings";
import { type SettingsOfNode, compareSettings } from "./compare-settings";
import type { DeclaredStack } from "./declared-containers";
import { type Drift, byDanger } from "./drift";
import type { HostAnswer, HostFacts } from "./read-host";
import type { SecondaryNode, SettingsOfNodes } from "./read-settings";

/** What the servers said, through the coordinator. */
export interface ClusterFacts {
  readonly snapshot: Snapshot;
  readonly secondaries: readonly SecondaryNode[];
  readonly settings: SettingsOfNodes;
  /** What speaks against it that the server which answered is the coordinator. */
  readonly doubts: readonly Explained[];
}

/** All views of a cluster, each of which may be missing: why, stands in its place. */
export interface DriftFacts {
  readonly cluster: Cluster;
  readonly stack: DeclaredStack;
  readonly plan: PlanJson | { readonly unknown: Explained };
  readonly hosts: readonly HostAnswer[];
  readonly servers: ClusterFacts | { readonly unknown: Explained };
}

/** What was found, and whether what was not found is not there. */
export interface Found {
  /** The most dangerous first. */
  readonly drifts: readonly Drift[];
  /**
   * Whether everything was looked at, and nothing left out that only follows from something else: else a difference that is not
   * among these may be there all the same.
   */
  readonly whole: boolean;
}

/** Everything that differs; one fault once, by whoever sees it best. */
export function findDrift(facts: DriftFacts): Found {
  const { cluster, stack, plan, hosts, servers } = facts;
  const seen = hosts.filter(isSeen);
  const planned: PlanDrift | undefined =
    "unknown" in plan ? undefined : comparePlan(plan, cluster, new Set(seen.map(({ host }) => host.id)));
  const fates = planned?.fates ?? new Map<string, never>();
  const ofHosts = seen.flatMap((each) =>
    compareHost(each, { cluster, stack, fates, managed: planned?.containers }),
  );
  const images = compareImages(seen, cluster, ({ id }) => fates.get(id) !== "replaced");
  const before = [...(planned?.drifts ?? []), ...ofHosts, ...images];
  const all = "unknown" in servers ? [] : ofCluster(servers, cluster);
  const ofServers = withoutKnown(all, before, facts);
  const blind = unknowns(facts);
  // Of a node that an update in place awaits everything else is compared.
  const compared = [...fates.values()].every((fate) => fate === "updated");
  return {
    drifts: byDanger([...blind, ...before, ...ofServers]),
    whole:
      compared &&
      blind.length === 0 &&
      ofServers.length === all.length &&
      ![...before, ...all].some(({ code }) => HIDING.has(code)) &&
      !("unknown" in servers) &&
      cluster.nodes.every(({ id }) => servers.settings.has(id)),
  };
}

function isSeen(answer: HostAnswer): answer is HostFacts {
  return !("unknown" in answer);
}

/** Nothing said of these is never "no drift". */
function unknowns({ plan, hosts, servers }: DriftFacts): Drift[] {
  const unknown = (where: readonly string[], { what, remedy }: Explained): Drift => ({
    ...{ code: "unknown", severity: "warning", where, what, remedy },
  });
  return [
    ...hosts.flatMap((each) => ("unknown" in each ? [unknown([each.host.id], each.unknown)] : [])),
    ...("unknown" in plan ? [unknown([], plan.unknown)] : []),
    ...("unknown" in servers ? [unknown([], servers.unknown)] : []),
  ];
}

function ofCluster({ snapshot, secondaries, settings, doubts }: ClusterFacts, cluster: Cluster): Drift[] {
  const found = compareCluster(snapshot, secondaries, cluster);
  // What another server says of its settings is no drift of this node.
  const mistaken = new Set(found.filter(({ code }) => code === "identity").flatMap(({ where }) => where));
  const answers = cluster.nodes.flatMap((node) => {
    const answer = mistaken.has(node.id) ? undefined : settings.get(node.id);
    return answer === undefined ? [] : [{ node, answer }];
  });
  const asked = answers.flatMap(({ node, answer }): SettingsOfNode[] =>
    "settings" in answer ? [{ node, found: answer }] : [],
  );
  const silent = answers.flatMap(({ node, answer }): Drift[] =>
    "settings" in answer
      ? []
      : [
          {
            ...{ code: "unknown", severity: "warning", where: [node.id] },
            what: `its settings can't be read: ${answer.what}`,
            remedy: answer.remedy,
          },
        ],
  );
  const wrong = mistaken.size > 0 ? [] : doubts;
  return [
    ...wrong.map(({ what, remedy }): Drift => ({
      ...{ code: "identity", severity: "broken", where: [], what, remedy },
    })),
    ...found,
    ...silent,
    ...compareSettings(asked, cluster),
    ...compareRoleSettings(asked, cluster),
  ];
}

/** Of a container that doesn't serve its server says nothing, which needs no second sentence. */
const DOWN: ReadonlySet<DriftCode> = new Set([
  "container-missing",
  "container-stopped",
  "container-unmanaged",
  "volume-missing",
]);

/** Behind these something can't be seen: what a server would say, or what a container, a volume or a network would have. */
const HIDING: ReadonlySet<DriftCode> = new Set([...DOWN, "network-missing", "unknown", "identity"]);

/** What follows from something that is said already. */
function withoutKnown(drifts: readonly Drift[], before: readonly Drift[], { cluster }: DriftFacts): Drift[] {
  const nodesOf = (codes: ReadonlySet<DriftCode>) =>
    new Set(before.filter(({ code }) => codes.has(code)).flatMap(({ where }) => where));
  const down = nodesOf(new Set([...DOWN, "unknown"]));
  const cut = new Set(
    before
      .filter(({ code, severity }) => code === "networks" && severity === "broken")
      .flatMap(({ where }) => where),
  );
  const unapplied = nodesOf(new Set(["not-applied"]));
  const moved = nodesOf(new Set(["image-moved", "not-applied"]));
  // By the network that is gone.
  const hosts = nodesOf(new Set(["network-missing"]));
  const without = cluster.nodes.filter(({ host }) => hosts.has(host)).map(({ id }) => id);
  return drifts.filter(({ code, where }) => {
    const all = (nodes: ReadonlySet<string>) => where.length > 0 && where.every((id) => nodes.has(id));
    switch (code) {
      case "unknown":
        return !all(new Set([...down, ...cut, ...without]));
      case "membership":
      case "setting":
        return !all(unapplied);
      case "image-version":
      case "versions":
        return !all(moved);
      default:
        return true;
    }
  });
}

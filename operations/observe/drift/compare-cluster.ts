import { type Cluster, formatEndpoint } from "../../../model/cluster";
import type { DriftCode } from "../../../model/drift-code";
import { versionOfImage } from "../../cluster/nodes/image-on-data";
import { quoteLiteral } from "../../cluster/nodes/run-on-nodes";
import type { Fault } from "../../base/finding";
import { advise, commandIn } from "../../base/remedy";
import type { Check } from "../status/check";
import { copies, identity } from "../status/checks/identity";
import { lostRows } from "../status/checks/lost-row";
import { membership } from "../status/checks/membership";
import { metadataDrift } from "../status/checks/metadata";
import { reachability } from "../status/checks/reachability";
import { extension, skew } from "../status/checks/versions";
import type { Snapshot } from "../status/snapshot";
import type { Drift } from "./drift";
import type { SecondaryNode } from "./read-settings";

/** What `status` says of the nodes too, in its words: one fault has one remedy, whoever comes upon it. */
const CHECKS: readonly (readonly [Check, DriftCode | undefined])[] = [
  [reachability, "unknown"],
  [identity, "identity"],
  [copies, "identity"],
  [lostRows, "lost-row"],
  [metadataDrift, "metadata-drift"],
  [extension, "extension"],
  [membership, undefined],
  [skew, "versions"],
];

/**
 * The declared nodes against pg_dist_node and the servers.
 *
 * @param secondaries standbys, which no environment declares
 */
export function compareCluster(
  snapshot: Snapshot,
  secondaries: readonly SecondaryNode[],
  cluster: Cluster,
): Drift[] {
  return [
    ...CHECKS.flatMap(([check, code]) => check(snapshot).map((fault) => asDrift(fault, code))),
    ...secondaries.map(describeSecondary),
    ...imageVersions(snapshot, cluster),
  ];
}

/** The checks of membership tell by their own names what they found. */
function asDrift({ severity, check, node, what, remedy }: Fault, code: DriftCode | undefined): Drift {
  return {
    code: code ?? (check as DriftCode),
    ...{ severity, what, remedy },
    where: node === undefined ? [] : [node],
  };
}

function describeSecondary({ host, port, noderole }: SecondaryNode): Drift {
  return {
    code: "secondary",
    severity: "warning",
    where: [],
    subject: formatEndpoint({ host, port }),
    what: `${formatEndpoint({ host, port })} is registered as ${noderole}, and the environment declares no standbys`,
    remedy: `SELECT citus_remove_node(${quoteLiteral(host)}, ${port}) on the coordinator, unless it was meant`,
  };
}

/** What a server runs against what the declared image has by its tag; an image of one's own says nothing. */
function imageVersions({ nodes }: Snapshot, cluster: Cluster): Drift[] {
  return cluster.nodes.flatMap((node): Drift[] => {
    const state = nodes.find(({ label }) => label === node.id)?.state;
    if (state === undefined) return [];
    const declared = { postgres: String(node.postgresMajor), citus: versionOfImage(node.image) };
    const found = { postgres: state.postgres.split(".")[0] ?? "", citus: state.citus };
    const differ = (
      [
        ["PostgreSQL", declared.postgres, found.postgres],
        ["Citus", declared.citus, found.citus],
      ] as const
    ).filter(([, wanted, own]) => wanted !== undefined && wanted !== own);
    if (differ.length === 0) return [];
    const list = (index: 1 | 2) => differ.map((each) => `${each[0]} ${each[index] ?? ""}`).join(", ");
    return [
      {
        code: "image-version",
        severity: "warning",
        where: [node.id],
        what: `its server is of another version than ${node.image}`,
        ...{ declared: list(1), found: list(2) },
        remedy: advise`see what its container runs: ${commandIn(cluster, "doctor")}; name in the environment the image that it is`,
      },
    ];
  });
}

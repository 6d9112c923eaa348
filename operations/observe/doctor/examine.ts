import { checkArchitecture } from "./checks/architecture";
import type { HostCheck, InsideCheck, NodeCheck } from "./checks/check";
import { checkClock } from "./checks/clock";
import { checkClocksApart } from "./checks/clocks-apart";
import { checkConnection } from "./checks/connection";
import { checkContainer } from "./checks/container";
import { checkCredentials } from "./checks/credentials";
import { checkDisk, checkNodeDisk } from "./checks/disk";
import { checkEngine } from "./checks/engine";
import { checkExtension } from "./checks/extension";
import { checkHealth } from "./checks/health";
import { checkIdentity } from "./checks/identity";
import { checkImage, checkNodeImage } from "./checks/image";
import { checkLeftovers } from "./checks/leftovers";
import { checkMemory } from "./checks/memory";
import { checkNames } from "./checks/names";
import { checkNetwork } from "./checks/network";
import { checkOrphans } from "./checks/orphans";
import { checkPort } from "./checks/port";
import { checkReachability } from "./checks/reachability";
import { checkRegistration } from "./checks/registration";
import { checkRoles } from "./checks/roles";
import { checkServer } from "./checks/server";
import { checkSettings } from "./checks/settings";
import { type Finding, failed, skipped } from "./finding";
import { type NodeInspection, type Inspection, isUnreachable } from "./inspection";
import { checkOtherDatabases } from "./checks/other-databases";

const HOST_CHECKS: readonly HostCheck[] = [
  checkArchitecture,
  checkClock,
  checkDisk,
  checkImage,
  checkNetwork,
];

const NODE_CHECKS: readonly NodeCheck[] = [
  checkContainer,
  checkHealth,
  checkNodeImage,
  checkMemory,
  checkPort,
];

const INSIDE_CHECKS: readonly InsideCheck[] = [
  checkServer,
  checkExtension,
  checkSettings,
  checkNodeDisk,
  checkCredentials,
  checkIdentity,
  checkNames,
  checkReachability,
  checkLeftovers,
];

/** All checks, from outside in: the Docker hosts, the nodes of each, the cluster. */
export function examine(inspection: Inspection): Finding[] {
  const hosts = inspection.hosts.flatMap((host) => {
    const { engine } = host;
    const reached = isUnreachable(engine)
      ? []
      : HOST_CHECKS.flatMap((check) => check({ ...host, engine }, inspection));
    const nodes = inspection.nodes.filter(({ node }) => node.host === host.host.id);
    return [...checkEngine(host), ...reached, ...nodes.flatMap((node) => examineNode(node, inspection))];
  });
  return [
    ...hosts,
    ...checkClocksApart(inspection),
    ...checkConnection(inspection),
    ...checkRegistration(inspection),
    ...checkRoles(inspection),
    ...checkOtherDatabases(inspection),
    ...checkOrphans(inspection),
  ];
}

function examineNode(node: NodeInspection, inspection: Inspection): Finding[] {
  const outside = NODE_CHECKS.flatMap((check) => check(node, inspection));
  const { inside } = node;
  if (inside === undefined) return outside;
  if (isUnreachable(inside)) {
    const place = { check: "inside", where: node.node.id };
    if (inside.untried) return [...outside, skipped(place, inside.unreachable)];
    return [
      ...outside,
      failed(place, inside.unreachable, `check that docker exec ${node.node.container} works there`),
    ];
  }
  return [...outside, ...INSIDE_CHECKS.flatMap((check) => check({ ...node, inside }, inspection))];
}

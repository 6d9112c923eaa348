import { LONGEST_NAME } from "../contract/longest-name";
import { endsAsArchive } from "../contract/volumes";
import { isPort } from "../address";
import { type ClusterNode, clusterName } from "../cluster";
import type { Environment, WorkerOptions } from "../environment";
import type { Report } from "./problem";
import { checkLimits } from "./limits";
import { checkSettings } from "./settings";

/** Where a node stands in its environment: `coordinator`, or `workers.server-d.worker1`. */
export function fieldOf(node: ClusterNode): string {
  return node.role === "coordinator" ? "coordinator" : `workers.${node.host}.${node.name}`;
}

/** What is wrong with a node by itself. */
export function checkNode(environment: Environment, node: ClusterNode, report: Report): void {
  const at = fieldOf(node);
  const own = optionsOf(environment, node);
  checkName(environment, node, at, report);
  checkPort(node, own.port, `${at}.port`, report);
  checkLimits(node, own, at, report);
  checkSettings(own.settings, `${at}.settings`, report);
}

/** As the environment gives them; none for a worker that is only counted. */
function optionsOf({ coordinator, workers }: Environment, node: ClusterNode): WorkerOptions {
  if (node.role === "coordinator") return coordinator;
  const entry = workers?.[node.host];
  return (typeof entry === "object" ? entry[node.name] : undefined) ?? {};
}

function checkName(environment: Environment, node: ClusterNode, at: string, report: Report): void {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(node.name)) {
    report(
      at,
      `"${node.name}" must start with a letter and hold only a-z, 0-9 and "-" (40 at most): it names the container`,
    );
  }
  // It begins with the cluster and the node's id, by which a server is told that was registered but never recorded.
  const identity = `${clusterName(environment)} ${node.id}`;
  if (identity.length >= LONGEST_NAME) {
    report(
      at,
      `"${identity}" has ${identity.length} characters, ${LONGEST_NAME - 1} at most: shorten the name of the cluster, host or worker`,
    );
  }
  if (node.role === "worker" && node.name === "coordinator") {
    report(at, `"coordinator" is the coordinator's own name: choose another, e.g. worker1`);
  }
  if (endsAsArchive(node.name)) {
    report(at, `"${node.name}" would share a volume name with a node's archive: choose another`);
  }
}

function checkPort(node: ClusterNode, given: number | undefined, field: string, report: Report): void {
  // A worker without a published port has only PostgreSQL's own in its container.
  const port = node.published?.port ?? node.endpoint.port;
  if (given === undefined && Number.isNaN(port)) {
    report(field, `is missing: only workers named worker1, worker2, ... have a default port`);
  } else if (!isPort(port)) {
    report(field, `${port} must be a port from 1 to 65535`);
  }
  if (given !== undefined && node.published === undefined) {
    report(
      field,
      `${given} would never be published, as Docker host ${node.host} has no address: leave it out`,
    );
  }
}

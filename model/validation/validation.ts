import { MOST_WORKERS, clusterName, describeCluster, isWorkerCount } from "../cluster";
import type { Environment } from "../environment";
import { checkAcceptedDrift } from "./accepted-drift";
import { checkBackend } from "./backend";
import { checkEndpoints } from "./endpoints";
import { checkFirewall } from "./firewall";
import { checkHost } from "./host";
import { checkImage } from "./image";
import { checkSharedLimits } from "./limits";
import { checkNode } from "./node";
import { checkRoles } from "./roles";
import { checkServers } from "./servers";
import { checkSettings } from "./settings";
import { checkShape } from "./shape";
import { type Problem, type Report, reportTo } from "./problem";

export { findConflicts, findTwins } from "./conflicts";
export type { Problem } from "./problem";

/**
 * Everything that is wrong with one environment, in the order of its file. Never throws: where a value isn't even of its
 * type, that is the problem, and the rules that rely on the types wait.
 */
export function findProblems(environment: Environment): Problem[] {
  const problems: Problem[] = [];
  const name: unknown = Object(environment).name;
  const report = reportTo(problems, typeof name === "string" && name !== "" ? name : "(no name)");
  checkShape(environment, report);
  if (problems.length > 0) return problems;
  const cluster = describeCluster(environment);

  checkNames(environment, report);
  checkImage(environment, cluster, report);
  for (const [id, host] of Object.entries(environment.hosts)) {
    checkHost(
      id,
      host,
      { single: Object.keys(environment.hosts).length === 1, cluster: clusterName(environment) },
      report,
    );
  }
  const repeated = checkServers(environment, cluster, report);
  checkReferences(environment, report);
  checkFirewall(environment, report);
  checkDiscard(environment, report);
  checkSharedLimits(environment, report);
  checkSettings(environment.settings, "settings", report);
  checkRoles(environment, report);
  for (const node of cluster.nodes) checkNode(environment, node, report);
  checkEndpoints(cluster, repeated, report);
  checkBackend(environment, report);
  checkAcceptedDrift(environment, report);
  return problems;
}

/** `docker network create` refuses these names. */
const PREDEFINED_NETWORKS = ["bridge", "default", "host", "none"];

function checkNames(environment: Environment, report: Report): void {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(environment.name)) {
    report(
      "name",
      `"${environment.name}" must start with a letter and hold only a-z, 0-9 and "-" (63 at most): it names the stack`,
    );
  }
  const cluster = clusterName(environment);
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(cluster)) {
    report(
      "cluster",
      `"${cluster}" must hold only a-z, 0-9 and "-" (40 at most): it names networks, containers and volumes`,
    );
  } else if (PREDEFINED_NETWORKS.includes(cluster)) {
    report("cluster", `"${cluster}" is a network of Docker's own: choose another name, e.g. citus`);
  }
  const { user = "postgres", database = "postgres" } = environment;
  for (const [field, name] of [
    ["user", user],
    ["database", database],
  ] as const) {
    if (!/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/.test(name)) {
      report(
        field,
        `"${name}" must start with a letter or "_" and hold only letters, digits, "_" and "-" (63 at most)`,
      );
    }
  }
  if (user.startsWith("pg_")) report("user", `"${user}": PostgreSQL reserves names that start with "pg_"`);
  if (database === "template0" || database === "template1") {
    report("database", `"${database}" is PostgreSQL's own template: choose another name`);
  }
}

function checkReferences(environment: Environment, report: Report): void {
  const known = Object.keys(environment.hosts);
  const hint = `known hosts: ${known.join(", ") || "none"}`;
  if (!known.includes(environment.coordinator.host)) {
    report("coordinator.host", `"${environment.coordinator.host}" is not in hosts; ${hint}`);
  }
  for (const [host, entry] of Object.entries(environment.workers ?? {})) {
    if (!known.includes(host)) report(`workers.${host}`, `"${host}" is not in hosts; ${hint}`);
    if (typeof entry === "number" && !isWorkerCount(entry)) {
      report(`workers.${host}`, `${entry} must be a whole number of workers, from 0 to ${MOST_WORKERS}`);
    }
  }
}

/** A worker that is to leave is no longer declared, so only its host can be known. */
function checkDiscard({ discard = [], hosts }: Environment, report: Report): void {
  const known = Object.keys(hosts);
  for (const [index, id] of discard.entries()) {
    const field = `discard.${index}`;
    const [, host] = /^([^/\s]+)\/[^/\s]+$/.exec(id) ?? [];
    if (host === undefined) {
      report(
        field,
        `"${id}" must be the id of a node, <host>/<name>, e.g. ${known[0] ?? "server-d"}/worker1`,
      );
    } else if (!known.includes(host)) {
      report(field, `"${id}" is on no host of this environment; known hosts: ${known.join(", ") || "none"}`);
    } else if (discard.indexOf(id) !== index) report(field, `"${id}" is listed twice`);
  }
}

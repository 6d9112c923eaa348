import type { Cluster, ClusterNode } from "../../../model/cluster";
import type { Engine } from "../../docker/engine/engine";
import { EngineFailure } from "../../docker/engine/engine-failure";
import { exec, execFailure } from "../../docker/engine/exec";
import { authinfoOf } from "../../cluster/nodes/credentials";
import { quoteLiteral } from "../../cluster/nodes/run-on-nodes";
import {
  CITUS_FACTS,
  type CitusFacts,
  type CoordinatorFacts,
  RECORD,
  RECORD_EXISTS,
  REGISTERED_FACTS,
  type RecordedRow,
  POSTGRES_FACTS,
  type PostgresFacts,
} from "./facts";
import { INSIDE_SCRIPT } from "./inside-script";
import { reachStatement } from "./reach-statement";
import type { InsideInspection, Reached, Unreachable } from "./inspection";

/**
 * Share of the time that one connection between nodes may take to be made, by psql and then by Citus. One that drops
 * packets costs it once, with seven others at the same time.
 */
const CONNECT_SHARE = 0.3;

/** In whole seconds, as libpq counts it; 0 would be no limit. */
function patience(timeoutMs: number): number {
  return Math.ceil((timeoutMs * CONNECT_SHARE) / 1000);
}

export interface InsideAnswer {
  readonly inside: InsideInspection | Unreachable;
  /** Of the coordinator. */
  readonly registered?: CoordinatorFacts;
}

/**
 * Looks at the cluster from inside a node's container: its own server, and every endpoint by name, port, password and
 * by Citus itself.
 *
 * @param timeout in milliseconds
 */
export async function askInside(
  docker: Engine,
  node: ClusterNode,
  { cluster, password, timeout }: { cluster: Cluster; password: string; timeout: number },
): Promise<InsideAnswer> {
  const endpoints = cluster.nodes.flatMap(({ endpoint: { host, port } }) => [
    host,
    String(port),
    `SELECT citus_check_connection_to_node(${quoteLiteral(host)}, ${port})`,
  ]);
  const registered = node.role === "coordinator" ? REGISTERED_FACTS : "";
  const command = [
    ...["sh", "-c", INSIDE_SCRIPT, "sh"],
    ...[cluster.user, cluster.database, String(patience(timeout))],
    ...[POSTGRES_FACTS, CITUS_FACTS, registered, RECORD_EXISTS, RECORD],
    reachStatement(
      cluster.nodes.map(({ endpoint }) => endpoint),
      patience(timeout) * 1000,
    ),
    ...endpoints,
  ];
  try {
    const result = await exec(docker, node.container, command, { input: password, timeout });
    // What was said before the time was over counts.
    if (result.code !== 0 && !result.stdout.includes("\t")) {
      return { inside: { unreachable: execFailure(docker, result).summary } };
    }
    return readAnswer(result.stdout, cluster, password);
  } catch (error) {
    const unreachable = error instanceof EngineFailure ? error.summary : (error as Error).message;
    return { inside: { unreachable } };
  }
}

/** Reads what the script printed. */
export function readAnswer(text: string, cluster: Cluster, password: string): InsideAnswer {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const first = (kind: string) => lines.find(([name]) => name === kind)?.slice(1);
  const of = (kind: string) => lines.filter(([name]) => name === kind).map(([, ...fields]) => fields);

  const disk = first("disk");
  const server = first("server")?.[0];
  const citus = first("citus-facts")?.[0];
  const registered = first("registered")?.[0];
  const record = first("record")?.[0];
  const nodes = registered === undefined ? undefined : (JSON.parse(registered) as CoordinatorFacts);
  return {
    inside: {
      names: new Map(of("name").map(([host = "", address]) => [host, address || undefined])),
      disk:
        disk === undefined
          ? undefined
          : { path: "PGDATA", size: Number(disk[0]) * 1024, free: Number(disk[1]) * 1024 },
      server:
        server === undefined
          ? { unreachable: withoutPrefix(first("no-server")?.[0] ?? "it did not answer in time") }
          : (JSON.parse(server) as PostgresFacts),
      citus: citus === undefined ? undefined : citusFacts(citus, password),
      citusError: first("no-citus-facts")?.[0]
        ?.replace(/^ERROR:\s+/, "")
        .trim(),
      reached: cluster.nodes.map(({ endpoint }): Reached => {
        const [host, port] = [endpoint.host, String(endpoint.port)];
        const mine = (fields: string[]) => fields[0] === host && fields[1] === port;
        const both = of("both").find(mine);
        if (both !== undefined) return { endpoint, serverId: both[2] || undefined, citus: true };
        const reach = of("reach").find(mine);
        const check = of("citus").find(mine)?.[2];
        if (reach === undefined) return { endpoint, untried: true };
        if (reach[2] !== "ok") return { endpoint, failure: withoutPrefix(reach[3] ?? "") };
        return { endpoint, serverId: reach[3] || undefined, ...citusCheck(check) };
      }),
    },
    registered:
      nodes === undefined
        ? undefined
        : { ...nodes, record: record === undefined ? [] : (JSON.parse(record) as RecordedRow[]) },
  };
}

function citusFacts(json: string, password: string): CitusFacts {
  const { authinfo, ...facts } = JSON.parse(json) as CitusFacts & { authinfo: string | null };
  const credentials = authinfo === null ? "none" : authinfo === authinfoOf(password) ? "stored" : "other";
  return { ...facts, credentials };
}

/** What Citus answered: `t`, or a warning with the cause and then `f`. */
function citusCheck(text: string | undefined): Pick<Reached, "citus" | "citusFailure"> {
  if (text === undefined) return {};
  const answer = text.trim();
  if (answer === "t") return { citus: true };
  const cause = answer
    .replace(/\s*\bf$/, "")
    .replace(/^WARNING:\s+/, "")
    .replace(/^connection to the remote node \S+ failed with the following error:\s*/, "");
  return { citus: false, citusFailure: withoutPrefix(cause) };
}

function withoutPrefix(text: string): string {
  return text
    .replace(/^psql: error: /, "")
    .replace(/^connection to server at "[^"]*"(?: \([^)]*\))?, port \d+ failed:\s*/, "")
    .replace(/\s+Is the server running on that host and accepting TCP\/IP connections\?/, "")
    .replace(/\s+/g, " ")
    .trim();
}

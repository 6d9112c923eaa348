import type { Cluster } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { coordinatorOf } from "../../cluster/cluster-file";
import { Engine } from "../../docker/engine/engine";
import { type EngineErrorCode, EngineFailure } from "../../docker/engine/engine-failure";
import { EXIT, Failure } from "../../base/failure";
import { commandArguments } from "../../base/command-line";
import type { Progress } from "../../base/progress";
import { readRecord } from "../../cluster/nodes/record";
import {
  COORDINATOR_GROUP,
  type RegisteredNode,
  readRegistered,
  sameEndpoint,
} from "../../cluster/nodes/pg-dist-node";
import { connectionCauses } from "../../cluster/nodes/reachability";
import { quoteLiteral, runOnNodes } from "../../cluster/nodes/run-on-nodes";
import type { Session } from "../../cluster/connection/session";
import { shardName } from "../../cluster/shards/shard-name";
import type { Heir } from "./assign-shards";
import { type LostShard, type LostTable, describeLosses, findLostShards } from "./lost-shards";

/** A registered node by the name that it has in the output. */
export interface NamedNode extends RegisteredNode {
  readonly id: string;
}

/** What the cluster loses with Docker hosts that never come back. */
export interface Losses {
  /** Docker hosts, and single nodes (`server-d/worker1`) whose volume is lost. */
  readonly hosts: readonly string[];
  readonly nodes: readonly NamedNode[];
  readonly lost: readonly LostShard[];
  readonly tables: readonly LostTable[];
  /** Nodes that stay and may take shards; the coordinator where there is no other. */
  readonly heirs: readonly Heir[];
}

export interface Survey {
  /** Another machine has the address of a host that is gone: that it refuses a connection says nothing. */
  readonly replaced: boolean;
  readonly progress: Progress;
}

/** A single node, and not a Docker host. */
export function isNode(name: string): boolean {
  return name.includes("/");
}

/**
 * Looks at what Docker hosts carried, and that they are really gone; of a single node, that an empty server is in its place.
 *
 * @param hosts ids of Docker hosts, of the environment or of recorded nodes, or of single nodes
 * @throws Failure (refused) when one of them carries the coordinator, or answers; when another node doesn't answer
 */
export async function surveyLosses(
  session: Session,
  cluster: Cluster,
  hosts: readonly string[],
  survey: Survey,
): Promise<Losses> {
  const nodes = await nameNodes(session, cluster);
  const onHosts = ({ id }: NamedNode) =>
    isNode(id) && (hosts.includes(id.split("/")[0] ?? "") || hosts.includes(id));
  const dead = nodes.filter(onHosts);
  requireKnown(cluster, hosts, dead);
  if (
    dead.some(({ groupid }) => groupid === COORDINATOR_GROUP) ||
    hosts.some((host) => host === coordinatorOf(cluster).host || host === coordinatorOf(cluster).id)
  ) {
    throw new Failure(
      `${coordinatorOf(cluster).host} carries the coordinator`,
      "it answers, and no cluster goes on without it; a worker on that host whose volume is lost is forgotten by its own name: " +
        `npx pg-dist forget ${commandArguments(cluster)} ${coordinatorOf(cluster).host}/WORKER`,
      { exitCode: EXIT.refused },
    );
  }
  await requireGone(session, cluster, { hosts, nodes: dead }, survey);
  const others = nodes.filter((node) => !dead.includes(node));
  await requireAnswers(session, others);
  const lost = await findLostShards(
    session,
    dead.map(({ groupid }) => groupid),
  );
  session.takeMessages();
  return {
    hosts,
    nodes: dead,
    lost,
    tables: lost.length === 0 ? [] : await describeLosses(session, lost),
    heirs: await findHeirs(session, others),
  };
}

/**
 * That neither the hosts nor their nodes answer.
 *
 * @throws Failure (refused) for what does, and where the hosts can't even be asked from here
 */
export async function requireGone(
  session: Session,
  cluster: Cluster,
  { hosts, nodes }: Pick<Losses, "hosts" | "nodes">,
  { replaced, progress }: Survey,
): Promise<void> {
  progress(`looking whether ${hosts.join(", ")} is really gone`);
  const single = nodes.filter(({ id }) => hosts.includes(id));
  await requireSilentEngines(cluster, { hosts, nodes }, replaced);
  await requireSilentServers(
    session,
    cluster,
    nodes.filter((node) => !single.includes(node)),
    replaced,
  );
  await requireEmptyServers(session, single, commandArguments(cluster));
}

/** By the record; what isn't recorded by the environment, else by its endpoint. */
async function nameNodes(session: Session, cluster: Cluster): Promise<NamedNode[]> {
  const record = [...(await readRecord(session)).values()];
  return (await readRegistered(session)).map((node) => ({
    ...node,
    id:
      record.find(({ nodeid }) => nodeid === node.nodeid)?.id ??
      cluster.nodes.find(({ endpoint }) => sameEndpoint(endpoint, node.endpoint))?.id ??
      formatEndpoint(node.endpoint),
  }));
}

function requireKnown(cluster: Cluster, hosts: readonly string[], dead: readonly NamedNode[]): void {
  const known = cluster.hosts.map(({ id }) => id);
  for (const host of hosts) {
    if (known.includes(host) || dead.some(({ id }) => id === host || id.startsWith(`${host}/`))) continue;
    throw new Failure(
      isNode(host)
        ? `no node ${host} is registered`
        : `no Docker host ${host} in ${cluster.environment}, and no registered node of it`,
      `use one of: ${known.join(", ")}, or a node's id`,
      { exitCode: EXIT.usage },
    );
  }
}

/**
 * What an engine that didn't answer tells of its machine. One that says anything runs: it may be starting, or its engine be
 * down, with all data in place. Only silence, an address without a route and a name without an address are of one that is gone.
 */
export function machineOf(code: EngineErrorCode): "runs" | "silent" | "not-asked" {
  switch (code) {
    case "not-found":
    case "conflict":
    case "refused":
    case "unsupported":
    case "engine-error":
    case "engine-down":
    case "forbidden":
    case "connection-refused":
    case "connection-lost":
    case "tls":
    case "ssh-refused":
    case "ssh-key-file":
    case "ssh-host-key":
    case "ssh-host-key-changed":
    case "docker-missing":
      return "runs";
    case "unknown-name":
    case "no-route":
    case "timeout":
    case "ssh-failed":
    case "failed":
      return "silent";
    case "ssh-missing":
    case "tls-material":
      return "not-asked";
  }
}

async function requireSilentEngines(
  cluster: Cluster,
  { hosts, nodes }: Pick<Losses, "hosts" | "nodes">,
  replaced: boolean,
): Promise<void> {
  const answers = await Promise.all(
    cluster.hosts
      .filter(({ id }) => hosts.includes(id))
      .map(async (host) => {
        const docker = new Engine(host);
        try {
          await docker.check();
          return { id: host.id, what: "its Docker engine answers" };
        } catch (error) {
          // Something is missing on this machine: that says nothing about the host.
          if (!(error instanceof EngineFailure) || machineOf(error.code) === "not-asked") throw error;
          if (replaced || machineOf(error.code) === "silent") return undefined;
          return { id: host.id, what: `a machine answers at its address (${error.summary})`, refusal: true };
        } finally {
          docker.close();
        }
      }),
  );
  const [alive] = answers.filter((answer) => answer !== undefined);
  if (alive !== undefined) throw isAlive(cluster, alive, nodes);
}

async function requireSilentServers(
  session: Session,
  cluster: Cluster,
  dead: readonly NamedNode[],
  replaced: boolean,
): Promise<void> {
  session.takeMessages();
  const rows = await session.query<{ number: number; ok: boolean | null }>(
    `SELECT number::int, citus_check_connection_to_node(host, port) AS ok
       FROM unnest($1::text[], $2::int[]) WITH ORDINALITY AS t(host, port, number)`,
    [dead.map(({ endpoint }) => endpoint.host), dead.map(({ endpoint }) => endpoint.port)],
  );
  const causes = connectionCauses(session.takeMessages());
  for (const [index, { id, endpoint }] of dead.entries()) {
    const host = id.split("/")[0] ?? id;
    const at = formatEndpoint(endpoint);
    const own = causes.filter(({ to }) => to === at).map(({ cause }) => cause);
    if (rows.some(({ number, ok }) => number === index + 1 && ok === true) || own.some(isAnswer))
      throw isAlive(cluster, { id: host, what: `${id} answers at ${at}` }, dead);
    if (!replaced && own.some(isRefusal)) {
      const what = `a machine answers at ${at}, where ${id} was: connection refused`;
      throw isAlive(cluster, { id: host, what, refusal: true }, dead);
    }
  }
}

/**
 * Only a server that was just initialised proves that the node's data isn't there any more: one that stands still may have
 * its volume. One whose extension was dropped and created again looks the same, but for the shards in it.
 */
async function requireEmptyServers(
  session: Session,
  nodes: readonly NamedNode[],
  environment: string,
): Promise<void> {
  const record = [...(await readRecord(session)).values()];
  const answers = await runOnNodes(
    session,
    nodes.map(({ endpoint }) => endpoint),
    await Promise.all(nodes.map(async ({ groupid }) => serverStatement(await placedIn(session, groupid)))),
  );
  for (const [index, node] of nodes.entries()) {
    const answer = answers[index];
    const recorded = record.find(({ nodeid }) => nodeid === node.nodeid);
    const server =
      answer !== undefined && "value" in answer
        ? (JSON.parse(answer.value ?? "null") as {
            groupid: number;
            server_id: string;
            shards: number;
          } | null)
        : undefined;
    if (server?.groupid === COORDINATOR_GROUP && server.shards > 0) {
      throw new Failure(
        `${node.id} is not lost: the server at ${formatEndpoint(node.endpoint)} has ${server.shards} of its shards, and only no metadata`,
        `\`npx pg-dist status ${environment}\` says how it becomes a member again`,
        { exitCode: EXIT.refused },
      );
    }
    // Of one that was registered by hand there is no record: that no shard is there must do.
    if (server?.groupid === COORDINATOR_GROUP && server.server_id !== recorded?.server_id) continue;
    const at = formatEndpoint(node.endpoint);
    const refuse = (why: string, remedy: string): never => {
      throw new Failure(`${node.id} is not proven to be lost: ${why}`, remedy, { exitCode: EXIT.refused });
    };
    if (server === undefined || server === null) {
      refuse(
        `no server answers at ${at}`,
        "start its container, or deploy where that is gone: only an empty server in its place shows that the volume is gone; with its " +
          `whole Docker host, name that: ${node.id.split("/")[0]}`,
      );
    }
    refuse(
      `the server at ${at} is a member of a cluster`,
      `its data is there; to take it out: \`npx pg-dist remove ${environment} ${node.id}\``,
    );
  }
}

/** Names of the shards that the coordinator's metadata places on a group. */
async function placedIn(session: Session, groupid: number): Promise<string[]> {
  const rows = await session.query<{ name: string | null }>(
    `SELECT ${shardName()} AS name FROM pg_dist_placement p JOIN pg_dist_shard s USING (shardid)
       JOIN pg_class c ON c.oid = s.logicalrelid WHERE p.groupid = $1`,
    [groupid],
  );
  return rows.flatMap(({ name }) => name ?? []);
}

function serverStatement(placed: readonly string[]): string {
  return `SELECT json_build_object('groupid', (SELECT groupid FROM pg_dist_local_group),
  'server_id', (SELECT metadata->>'server_id' FROM pg_dist_node_metadata),
  'shards', (SELECT count(*) FROM unnest(ARRAY[${placed.map(quoteLiteral).join(", ")}]::text[]) name WHERE to_regclass(name) IS NOT NULL))::text`;
}

/** Whether a server said it: one that starts up, has no connection left or refuses the password has its data. */
export function isAnswer(cause: string): boolean {
  return /\bFATAL:|does not support SSL/.test(cause);
}

/** Whether the machine at that address said that nothing listens there: it may only be starting. */
export function isRefusal(cause: string): boolean {
  return /Connection refused/.test(cause);
}

/**
 * Why a Docker host is not gone.
 *
 * @param refusal it only says that nothing listens there
 */
export function isAlive(
  { environment }: Pick<Cluster, "environment">,
  { id: host, what, refusal }: { readonly id: string; readonly what: string; readonly refusal?: boolean },
  nodes: readonly Pick<NamedNode, "id">[],
): Failure {
  const own = nodes.filter(({ id }) => id.startsWith(`${host}/`)).map(({ id }) => id);
  const remove = (own.length === 0 ? ["NODE"] : own).map(
    (id) => `\`npx pg-dist remove ${environment} ${id}\``,
  );
  return new Failure(
    `${host} is not gone: ${what}`,
    refusal
      ? "start its containers, and its shards can be saved; if another machine has its address now, say --replaced"
      : `its shards can be saved: ${remove.join(", ")}, or delete its workers from the environment and deploy`,
    { exitCode: EXIT.refused },
  );
}

/** The new list of nodes and shards goes to all that stay. */
async function requireAnswers(session: Session, others: readonly NamedNode[]): Promise<void> {
  const workers = others.filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
  const answers = await runOnNodes(
    session,
    workers.map(({ endpoint }) => endpoint),
    workers.map(() => "SELECT 1"),
  );
  const silent = workers.filter((_worker, index) => !("value" in (answers[index] ?? {})));
  if (silent.length === 0) return;
  const names = silent.map(({ id }) => id).join(", ");
  throw new Failure(
    `${names} ${silent.length === 1 ? "doesn't" : "don't"} answer either, and every node that stays must`,
    "start what can be started; hosts that are gone are forgotten together: name all of them",
    { exitCode: EXIT.refused },
  );
}

async function findHeirs(session: Session, others: readonly NamedNode[]): Promise<Heir[]> {
  const counts = await session.query<{ groupid: number; shards: number }>(
    "SELECT groupid, count(*)::int AS shards FROM pg_dist_placement GROUP BY 1",
  );
  const heirs = others.map(({ nodeid, groupid, isactive, shouldhaveshards }) => ({
    ...{ nodeid, groupid, shards: counts.find((row) => row.groupid === groupid)?.shards ?? 0 },
    takes: isactive && shouldhaveshards,
  }));
  const takers = heirs.filter(({ takes }) => takes);
  // A cluster whose only worker is gone has nobody else; a new worker gets the shards by a rebalance.
  return takers.length > 0 ? takers : heirs.filter(({ groupid }) => groupid === COORDINATOR_GROUP);
}

import type { Cluster } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import { formatEndpoint } from "../../../model/cluster";
import { EXIT, Failure } from "../../base/failure";
import type { Session } from "../../cluster/connection/session";
import { COORDINATOR_GROUP } from "../../cluster/nodes/registered";
import { connectionCauses } from "../../cluster/nodes/reachability";
import { quoteLiteral, runOnNodes } from "../../cluster/nodes/run-on-nodes";
import { shardName } from "../../cluster/shards/shard-name";
import { Engine } from "../../docker/engine/engine";
import { type EngineErrorCode, EngineFailure } from "../../docker/engine/engine-failure";
import type { Losses, IdentifiedNode, Survey } from "./losses";
import { type Remedy, advise, commandIn, joinRemedies } from "../../base/remedy";

/**
 * That neither the hosts nor their nodes answer.
 *
 * @throws Failure (refused) for what does, and where the hosts can't even be asked from here
 */
export async function requireGone(
  session: Session,
  cluster: Cluster,
  { hosts, nodes }: Pick<Losses, "hosts" | "nodes">,
  { replaced, progress, caller }: Survey,
): Promise<void> {
  progress(`checking whether ${hosts.join(", ")} is really gone`);
  const single = nodes.filter(({ id }) => hosts.includes(id));
  await requireSilentEngines(cluster, { hosts, nodes }, replaced, caller);
  await requireSilentServers(
    session,
    cluster,
    nodes.filter((node) => !single.includes(node)),
    replaced,
  );
  await requireEmptyServers(session, single, cluster);
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
  caller: Caller,
): Promise<void> {
  const answers = await Promise.all(
    cluster.hosts
      .filter(({ id }) => hosts.includes(id))
      .map(async (host) => {
        const docker = new Engine(host, caller);
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
  dead: readonly IdentifiedNode[],
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
  nodes: readonly IdentifiedNode[],
  cluster: Cluster,
): Promise<void> {
  const answers = await runOnNodes(
    session,
    nodes.map(({ endpoint }) => endpoint),
    await Promise.all(nodes.map(async ({ groupid }) => serverStatement(await placedIn(session, groupid)))),
  );
  for (const [index, node] of nodes.entries()) {
    const answer = answers[index];
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
        `${node.id} is not lost: the server at ${formatEndpoint(node.endpoint)} has ${server.shards} of its shards, and lacks only its metadata`,
        advise`${commandIn(cluster, "status")} says how it becomes a member again`,
        { exitCode: EXIT.refused },
      );
    }
    // Of one that was registered by hand there is no record: that no shard is there must do.
    if (server?.groupid === COORDINATOR_GROUP && server.server_id !== node.recorded?.server_id) continue;
    const at = formatEndpoint(node.endpoint);
    const refuse = (why: string, remedy: Remedy): never => {
      throw new Failure(`${node.id} is not proven to be lost: ${why}`, remedy, { exitCode: EXIT.refused });
    };
    if (server === undefined || server === null) {
      refuse(
        `no server answers at ${at}`,
        "start its container, or deploy if that is gone: only an empty server in its place proves that the volume is gone; if its " +
          `whole Docker host is gone, name that: ${node.id.split("/", 1).join()}`,
      );
    }
    refuse(
      `the server at ${at} is a member of a cluster`,
      advise`its data is there; to take it out: ${commandIn(cluster, "remove", node.id)}`,
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
  nodes: readonly Pick<IdentifiedNode, "id">[],
): Failure {
  const own = nodes.filter(({ id }) => id.startsWith(`${host}/`)).map(({ id }) => id);
  const remove = (own.length === 0 ? ["NODE"] : own).map(
    (id) => advise`${commandIn({ environment }, "remove", id)}`,
  );
  return new Failure(
    `${host} is not gone: ${what}`,
    refusal
      ? "start its containers, and its shards can be saved; if another machine has its address now, add --replaced"
      : advise`its shards can be saved: ${joinRemedies(remove, ", ")}, or delete its workers from the environment and deploy`,
    { exitCode: EXIT.refused },
  );
}

import type { Cluster, Endpoint } from "../../../model/cluster";
import type { FreeSpace } from "../../docker/free-space";
import type { RecordedNode } from "./recorded";
import type { Explained } from "./connection-cause";
import { explainAnswer } from "./node-facts";
import { COORDINATOR_GROUP, type RegisteredNode, sameEndpoint } from "./registered";
import { readKnown } from "./read-view";
import { whyUnreachable } from "./reachability";
import { runOnNodes } from "./run-on-nodes";
import type { Session } from "../connection/session";
import { type NodeView, identitiesOf, isRegistered, viewNodes } from "./view";

/** Which nodes of ours are asked to leave, and for what. */
export interface LeaveRequest {
  /** Name of the cluster. */
  readonly cluster: string;
  /** Those that the environment has. */
  readonly nodes: Cluster["nodes"];
  /** Of the environment, for commands in messages. */
  readonly environment: string;
  readonly database: string;
  /** What is done with a node that leaves, for the output. */
  readonly done: "removed" | "drained";
  /** Whether the worker of this id leaves. */
  leaves(id: string, recorded?: RecordedNode): boolean;
  /** A worker that a person named by it, whosever it is. Terraform has none: it takes only what is ours. */
  readonly endpoint?: Endpoint;
  /** What is left to PostgreSQL on the nodes, by id, where it is known: Citus counts what is kept for root as well. */
  readonly freeSpace?: ReadonlyMap<string, FreeSpace>;
}

/** All that the environment no longer has: those that Terraform removes. */
export function leaveRequestOf(cluster: Cluster): LeaveRequest {
  const { name, environment, database, nodes } = cluster;
  const staying = new Set(nodes.map(({ id }) => id));
  return { cluster: name, nodes, environment, database, done: "removed", leaves: (id) => !staying.has(id) };
}

/** A registered node, and what it has to do with us. */
export interface Member extends RegisteredNode {
  /** See `NodeView`; undefined for one that was added by hand. */
  readonly id?: string;
  readonly knownBy: NodeView["knownBy"];
  readonly label: string;
  /** Nodes of one server share its file system. */
  readonly fileSystem: string;
  readonly recorded?: RecordedNode;
  /** What its server says; a node that can't be asked has `unreachable` instead. */
  readonly server?: ServerState;
  readonly unreachable?: Explained;
  /** A worker of ours, or one that a person named, that is to be emptied. */
  readonly leaves: boolean;
  /** Stays, and may hold shards as soon as a mark from when it was to leave is lifted. */
  readonly receives: boolean;
}

interface ServerState {
  readonly cluster_name: string;
  readonly server_id: string;
  readonly groupid: number;
  readonly wal_level: string;
  /** Of the file system with the data directory, in bytes. */
  readonly available: number;
  readonly total: number;
}

const STATE = `SELECT json_build_object(
  'cluster_name', current_setting('cluster_name'),
  'server_id', (SELECT metadata->>'server_id' FROM pg_dist_node_metadata),
  'groupid', (SELECT groupid FROM pg_dist_local_group),
  'wal_level', current_setting('wal_level'),
  'available', available_disk_size,
  'total', total_disk_size)::text AS state FROM citus_local_disk_space_stats()`;

/** All registered nodes, each asked through the coordinator. */
export async function readMembers(session: Session, request: LeaveRequest): Promise<Member[]> {
  const known = await readKnown(session, { name: request.cluster, nodes: request.nodes });
  const answers = await askServers(session, known.registered);
  const said = identitiesOf(known.registered, (index) => answers[index]?.server);
  const nodes = viewNodes(known, said).filter(isRegistered);
  return nodes.map(({ id, knownBy, label, host, role, recorded, registered: row }, index) => {
    const answer = answers[index] ?? {};
    const leaves =
      role !== "coordinator" && (isNamed(request, row) || (id !== undefined && request.leaves(id, recorded)));
    const mayHoldShards = row.shouldhaveshards || (recorded?.leaving ?? null) !== null;
    return {
      ...row,
      ...withSpace(answer, id === undefined ? undefined : request.freeSpace?.get(id)),
      ...{ id, knownBy, label, recorded, leaves },
      fileSystem: host ?? row.endpoint.host,
      receives: !leaves && mayHoldShards && row.isactive && answer.server !== undefined,
    };
  });
}

/** Whether a person named this very node by its endpoint. */
export function isNamed(
  { endpoint: named }: Pick<LeaveRequest, "endpoint">,
  { endpoint }: Pick<RegisteredNode, "endpoint">,
): boolean {
  return named !== undefined && sameEndpoint(named, endpoint);
}

function withSpace({ server, unreachable }: Answer, space: FreeSpace | undefined): Answer {
  if (server === undefined || space === undefined) return { server, unreachable };
  const { available, total } = space;
  return { server: { ...server, available: Math.min(server.available, available), total } };
}

type Answer = Pick<Member, "server" | "unreachable">;

async function askServers(session: Session, nodes: readonly RegisteredNode[]): Promise<Answer[]> {
  const workers = nodes.filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
  const [own] = await session.query<{ state: string }>(STATE);
  const answers = await runOnNodes(
    session,
    workers.map(({ endpoint }) => endpoint),
    workers.map(() => STATE),
  );
  const result: Answer[] = [];
  for (const node of nodes) {
    const answer = answers[workers.indexOf(node)];
    if (answer === undefined) result.push({ server: parse(own?.state) });
    else if ("value" in answer) result.push({ server: parse(answer.value) });
    else if (answer.connected) {
      result.push({ unreachable: explainAnswer(answer.error, node.endpoint, session.place) });
    } else result.push({ unreachable: await whyUnreachable(session, node.endpoint) });
  }
  return result;
}

function parse(state: string | null | undefined): ServerState {
  return JSON.parse(state ?? "null") as ServerState;
}

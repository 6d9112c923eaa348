import type { Cluster, Endpoint } from "../../../model/cluster";
import { Deadline } from "../../base/deadline";
import { formatEndpoint } from "../../../model/cluster";
import { isOtherDatabase } from "../../base/command-line";
import type { Connected } from "../../cluster/connection/target";
import { formatUrl } from "../../cluster/connection/url";
import { TABLE_KINDS, type Thing } from "../../cluster/holdings/database-query";
import type { RecordedNode } from "../../cluster/nodes/recorded";
import { type FreeSpace, readFreeSpace } from "../../docker/free-space";
import type { Session } from "../../cluster/connection/session";
import type { Explained } from "../../cluster/nodes/connection-cause";
import { type ClusterRoles, askRoles } from "../../cluster/roles/ask-roles";
import {
  type NodeView,
  type RegisteredView,
  identitiesOf,
  isRegistered,
  viewNodes,
} from "../../cluster/nodes/view";
import { askRegistered } from "../../cluster/nodes/ask-all";
import { type ClusterState, readClusterState } from "./cluster-state";
import { type Moves, eitherMoves, readMoves } from "./moves";
import { NODE_STATE, type NodeState } from "../../cluster/nodes/node-state";
import { type Logins, type OtherDatabase, askElsewhere, askHere } from "./elsewhere";
import { settle } from "./settle";

/** Everything that the checks and the screens look at, taken within the time that one node has. */
export interface Snapshot extends Moves {
  /** When it was taken. */
  readonly at: Date;
  /** Absent for another database of the environment's servers, which no deploy knows. */
  readonly environment?: string;
  /** That other database, and whose servers it is on. */
  readonly otherDatabase?: Pick<Cluster, "environment" | "database" | "homeDatabase">;
  /** Name of the cluster, where an environment tells it. */
  readonly cluster?: string;
  /** The environment, or the address that was given. */
  readonly label: string;
  /** Of a cluster that was given by address, as `--url` takes it. */
  readonly url?: string;
  /** How the coordinator was reached, e.g. `direct: 10.0.0.1:5432`. */
  readonly transport: string;
  readonly standIn: boolean;
  /** The coordinator first, then the workers in the order of their groups, then those that aren't registered. */
  readonly nodes: readonly SnapshotNode[];
  readonly orphans: ClusterState["orphans"];
  /** Groups with shards of which pg_dist_node has no row. */
  readonly lostRows?: readonly LostRow[];
  readonly jobs: ClusterState["jobs"];
  readonly database: string;
  /** Those that need connections between the nodes, and whether they have them. */
  readonly roles?: ClusterRoles;
  /** Other databases of the coordinator with Citus, of which nothing else here tells. */
  readonly otherDatabases?: readonly OtherDatabase[];
  /** How the nodes log in to each other here, where this is another database than the environment's. */
  readonly loginsHere?: Logins;
}

interface LostRow {
  readonly groupid: number;
  /** Of distributed tables. */
  readonly shards: number;
  /** Which node it was, where we registered it. */
  readonly recorded?: RecordedNode;
}

export interface SnapshotNode {
  /** See `NodeView`. */
  readonly label: string;
  readonly role: "coordinator" | "worker";
  readonly endpoint: Endpoint;
  /** The Docker host of the environment. */
  readonly host?: string;
  /** Whether the environment has it; undefined where there is no environment. */
  readonly declared?: boolean;
  /** Where the environment has it, for one that is registered elsewhere. */
  readonly movesTo?: Endpoint;
  /** Its row in pg_dist_node; undefined for a node that isn't registered. */
  readonly registered?: ClusterState["registered"][number];
  readonly recorded?: RecordedNode;
  readonly shards: number;
  readonly shardGroups: number;
  /** What its server says, or why it says nothing. Neither for a node that isn't registered. */
  readonly state?: NodeState;
  readonly failed?: Explained;
  /** What people made on a worker and no other node has. */
  readonly ownThings?: readonly Thing[];
}

export async function takeSnapshot(target: Connected): Promise<Snapshot> {
  const { session, cluster, timeoutMs } = target;
  const deadline = Deadline.in(timeoutMs);
  const isOther = cluster !== undefined && isOtherDatabase(cluster);
  const state = await readClusterState(session);
  const known = { cluster, ...state };
  const asked = viewNodes(known)
    .filter(isRegistered)
    .map(({ label, registered }) => ({ ...registered, label }));
  // Beside the nodes' answers, and no longer than a server nearby needs: this machine may not reach the Docker hosts at all.
  const space =
    cluster === undefined
      ? undefined
      : readFreeSpace(cluster, target.caller, Math.min(target.timeoutMs * SPACE.share, SPACE.mostMs));
  const answers = await settle(target, asked, await askRegistered<NodeState>(target, asked, NODE_STATE));
  // A move that began meanwhile shows in the answers of the nodes, and not yet in the state.
  const moves = eitherMoves(state, await readMoves(session));
  const free = (await space) ?? new Map<string, FreeSpace>();
  // What the servers say may tell who those are that aren't recorded.
  const said = identitiesOf(asked, (index) => answers[index]?.value);
  const view = viewNodes(known, said);
  const nodes = view.filter(isRegistered).map((node, index) => {
    const { value, failed } = answers[index] ?? {};
    return withSpace(registeredNode(target, state, node, { state: value, failed }), free);
  });
  const unregistered = expected(target, view);
  // It was reached, registered or not.
  const own = unregistered.some(({ role }) => role === "coordinator") ? await ownState(session) : undefined;
  const others = unregistered.map(({ label, role, endpoint, host, recorded }): SnapshotNode => ({
    ...{ label, role, endpoint, host },
    ...(cluster === undefined || isOther ? {} : { declared: true }),
    // Of a coordinator: its record outlives the extension, and with it the list of nodes.
    ...(role === "coordinator" ? { recorded } : {}),
    shards: 0,
    shardGroups: 0,
    ...(role === "coordinator" ? { state: own } : {}),
  }));
  const all = [...nodes, ...others].sort(
    (a, b) => Number(b.role === "coordinator") - Number(a.role === "coordinator"),
  );
  const answering = asked.filter(({ isactive }, index) => isactive && answers[index]?.value !== undefined);
  const leftMs = deadline.left();
  const roles = await askRoles(session, answering, { timeoutMs, leftMs });
  const otherDatabases = await askElsewhere(session, answering, deadline.left());
  const loginsHere = isOther ? await askHere(session, answering, deadline.left()) : undefined;
  return {
    at: new Date(),
    ...(isOther ? { otherDatabase: cluster } : { environment: target.environment?.name }),
    cluster: cluster?.name,
    label: target.label,
    ...(cluster === undefined ? { url: formatUrl(target) } : {}),
    transport: `${session.transport.name}: ${session.transport.description}`,
    standIn: target.server.stand_in,
    nodes: all,
    orphans: state.orphans,
    lostRows: findLostRows(state),
    jobs: state.jobs,
    database: target.database,
    roles,
    ...(loginsHere === undefined ? {} : { loginsHere }),
    otherDatabases: otherDatabases.filter(({ name }) => name !== cluster?.homeDatabase),
    ...moves,
  };
}

function findLostRows({ registered, record, shards }: ClusterState): LostRow[] {
  return shards
    .filter((each) => each.shards > 0 && !registered.some(({ groupid }) => groupid === each.groupid))
    .map((each) => ({
      ...{ groupid: each.groupid, shards: each.shards },
      recorded: [...record.values()].find(({ groupid }) => groupid === each.groupid),
    }));
}

/** Part of the time, and how long at most in milliseconds, until the Docker hosts have said how much room there is. */
const SPACE = { share: 0.5, mostMs: 3000 };

function withSpace(node: SnapshotNode, free: ReadonlyMap<string, FreeSpace>): SnapshotNode {
  const space = free.get(node.label);
  if (space === undefined || node.state === undefined) return node;
  return { ...node, state: { ...node.state, disk: { ...space, forRoot: false } } };
}

/** Declared and not registered; of another database, or without an environment, only the coordinator need be. */
function expected(
  { cluster, coordinator: endpoint }: Connected,
  view: readonly NodeView[],
): Pick<NodeView, "label" | "role" | "endpoint" | "host" | "recorded">[] {
  const missing = view.filter((node) => !isRegistered(node));
  if (cluster !== undefined)
    return isOtherDatabase(cluster) ? missing.filter(({ role }) => role === "coordinator") : missing;
  if (view.some(({ role }) => role === "coordinator")) return [];
  return [{ label: formatEndpoint(endpoint), role: "coordinator", endpoint }];
}

async function ownState(session: Session): Promise<NodeState> {
  const [row] = await session.query<{ state: string }>(NODE_STATE);
  return JSON.parse(row?.state ?? "null") as NodeState;
}

function registeredNode(
  { cluster }: Connected,
  { shards, unsynced, orphans }: ClusterState,
  {
    label,
    role,
    endpoint,
    movesTo,
    host,
    declared,
    recorded,
    registered,
  }: RegisteredView<ClusterState["registered"][number]>,
  answer: Pick<SnapshotNode, "state" | "failed">,
): SnapshotNode {
  const { groupid } = registered;
  const known = [...(unsynced.get(groupid) ?? []), ...orphans.map(({ name }) => name)];
  const own = shards.find((each) => each.groupid === groupid);
  return {
    ...{ label, role, endpoint, host, registered, recorded },
    ...(movesTo === undefined ? {} : { movesTo }),
    ...(cluster === undefined || isOtherDatabase(cluster) ? {} : { declared: declared !== undefined }),
    shards: own?.shards ?? 0,
    shardGroups: own?.groups ?? 0,
    ...answer,
    ...(answer.state?.own === undefined ? {} : { ownThings: withoutKnown(answer.state.own, known) }),
  };
}

/** Without the tables that are shards, by what only the coordinator knows. */
export function withoutKnown(own: readonly Thing[], shards: readonly string[]): Thing[] {
  return own.filter(({ kind, name }) => !(TABLE_KINDS.includes(kind) && shards.includes(name)));
}

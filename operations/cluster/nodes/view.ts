import { type Cluster, type ClusterNode, type Endpoint, formatEndpoint } from "../../../model/cluster";
import { readServerName } from "../../../model/contract/server-name";
import { COORDINATOR_GROUP, type RegisteredNode, isCoordinator, sameEndpoint } from "./registered";
import type { RecordedNode } from "./recorded";

/** What is known of the nodes, each from where it is written down. */
export interface Known<
  Row extends RegisteredNode = RegisteredNode,
  Recorded extends Recordable = RecordedNode,
> {
  /** What the environment declares; undefined where there is none (`--url`). */
  readonly cluster?: Pick<Cluster, "name" | "nodes">;
  /** Of pgdist.node, by id. */
  readonly record: ReadonlyMap<string, Recorded>;
  /** Of pg_dist_node. */
  readonly registered: readonly Row[];
}

/** As much of a row of pgdist.node as identifies a server. */
export type Recordable = Pick<RecordedNode, "id" | "nodeid" | "server_id">;

/** What the servers say of who they are, by the node id that they are registered with. */
export type Identities = ReadonlyMap<number, ServerIdentity>;

/** @param said what the server of the node at this place of the list says; nothing where it doesn't answer */
export function identitiesOf(
  nodes: readonly Pick<RegisteredNode, "nodeid">[],
  said: (index: number) => ServerIdentity | undefined,
): Identities {
  return new Map(
    nodes.flatMap(({ nodeid }, index) => {
      const identity = said(index);
      return identity === undefined ? [] : [[nodeid, identity] as const];
    }),
  );
}

export interface ServerIdentity {
  /** Made with the extension in its data directory; see `RecordedNode`. */
  readonly server_id?: string | null;
  /** Which name it was started with; see `serverName`. */
  readonly cluster_name?: string | null;
}

/** A node: as the environment declares it, as it was recorded, as Citus has it registered. It is in one of these at least. */
export interface NodeView<
  Row extends RegisteredNode = RegisteredNode,
  Recorded extends Recordable = RecordedNode,
> {
  /** `<host>/<name>`; undefined for a registered node of which nothing tells. No two nodes have the same. */
  readonly id?: string;
  /**
   * What tells who it is. The record and the server itself are proofs; the endpoint is none: another server may have it by
   * now. `nothing`: it has no id.
   */
  readonly knownBy: "record" | "server" | "endpoint" | "nothing";
  /** The one name that people read of it: the id, else the endpoint. */
  readonly label: string;
  /** By its group: a secondary is of its primary's (`registered.noderole` tells them apart). */
  readonly role: "coordinator" | "worker";
  /** Where it is reached: where it is registered, else where the environment has it. */
  readonly endpoint: Endpoint;
  /** Where the environment has it, for one that is registered elsewhere. */
  readonly movesTo?: Endpoint;
  /** Id of its Docker host, as far as there is one. */
  readonly host?: string;
  readonly declared?: ClusterNode;
  /**
   * Its row in pgdist.node: of a registered node the one with its node id, as what was recorded under another is of what was
   * removed since; of one that isn't registered the one with its id.
   */
  readonly recorded?: Recorded;
  readonly registered?: Row;
}

/** A node that is registered. */
export type RegisteredView<
  Row extends RegisteredNode = RegisteredNode,
  Recorded extends Recordable = RecordedNode,
> = NodeView<Row, Recorded> & { readonly registered: Row };

/**
 * All nodes that are registered, in the order of `registered`, then those that are only declared.
 *
 * Which id a registered node has is decided in this order and nowhere else, so that no two commands call one server by two
 * ids:
 *
 * 1. Its node id in the record. Citus gives one to each node that is added and never gives it to another, so it means
 *    this very node whatever became of addresses.
 * 2. Of the coordinator, the coordinator of the environment: every session is on it, and was checked to be.
 * 3. The server id that was recorded, as the server itself says it: a node that was removed and added again by hand has
 *    another node id and is the same server. Not of a secondary, whose data directory is a copy of its primary's.
 * 4. The name that its server was started with, where nothing was recorded.
 * 5. The endpoint at which the environment declares a node. It comes after what is recorded and what the server says, since
 *    an environment may give the endpoint of one server to another one, and isn't applied yet.
 * 6. Nothing: it has no id, and is called by its endpoint.
 *
 * An id that one of these gives to a node is not given to a second one, neither by the same nor by a later one.
 *
 * @param said what the servers say; without it 3 and 4 tell nothing. It is needed only of those that aren't recorded: see
 *   `readView`
 */
export function viewNodes<Row extends RegisteredNode, Recorded extends Recordable>(
  known: Known<Row, Recorded>,
  said: Identities = new Map(),
): NodeView<Row, Recorded>[] {
  const identified = identify(known, said);
  const { cluster, record, registered } = known;
  const nodes = registered.map((row): RegisteredView<Row, Recorded> => {
    const { id, knownBy } = identified.get(row) ?? { knownBy: "nothing" };
    const role = row.groupid === COORDINATOR_GROUP ? "coordinator" : "worker";
    const declared =
      cluster?.nodes.find((node) => node.id === id) ??
      // One that was recorded by another id is no second coordinator: that it is called otherwise is said elsewhere.
      (isCoordinator(row) ? coordinatorIn(cluster) : undefined);
    return {
      ...(id === undefined ? {} : { id }),
      knownBy,
      label: id ?? formatEndpoint(row.endpoint),
      role,
      endpoint: row.endpoint,
      ...(declared === undefined || sameEndpoint(declared.endpoint, row.endpoint)
        ? {}
        : { movesTo: declared.endpoint }),
      host: declared?.host ?? id?.split("/")[0],
      declared,
      recorded: recordedAs(row, record),
      registered: row,
    };
  });
  const others = (cluster?.nodes ?? []).filter((node) => nodes.every(({ declared }) => declared !== node));
  return [...nodes, ...others.map((node) => unregistered(node, record))];
}

function unregistered<Recorded extends Recordable>(
  declared: ClusterNode,
  record: ReadonlyMap<string, Recorded>,
): Omit<NodeView<RegisteredNode, Recorded>, "registered"> {
  const { id, role, endpoint, host } = declared;
  const recorded = record.get(id);
  return { id, knownBy: "endpoint", label: id, role, endpoint, host, declared, recorded };
}

export function isRegistered<Row extends RegisteredNode, Recorded extends Recordable>(
  node: NodeView<Row, Recorded>,
): node is RegisteredView<Row, Recorded> {
  return node.registered !== undefined;
}

/** What the node that is registered at an endpoint is called. */
export function labelAt(nodes: readonly NodeView[], endpoint: Endpoint): string {
  const node = nodes
    .filter(isRegistered)
    .find(({ registered }) => sameEndpoint(registered.endpoint, endpoint));
  return node?.label ?? formatEndpoint(endpoint);
}

/** Whether only its server can tell who the node is. */
export function isUntold(
  { cluster, record }: Known<RegisteredNode, Recordable>,
  row: RegisteredNode,
): boolean {
  return recordedAs(row, record) === undefined && !(cluster !== undefined && isCoordinator(row));
}

function coordinatorIn(cluster: Known["cluster"]): ClusterNode | undefined {
  return cluster?.nodes.find(({ role }) => role === "coordinator");
}

interface Identified {
  readonly id?: string;
  readonly knownBy: NodeView["knownBy"];
}

type Proof = (row: RegisteredNode) => string | undefined;

function identify<Row extends RegisteredNode>(
  known: Known<Row, Recordable>,
  said: Identities,
): ReadonlyMap<Row, Identified> {
  const { cluster, record, registered } = known;
  const coordinator = coordinatorIn(cluster);
  const declared = (row: RegisteredNode) =>
    cluster?.nodes.find(
      (node) => sameEndpoint(node.endpoint, row.endpoint) && node !== coordinator, // it has proofs of its own
    )?.id;
  const proofs: readonly [Proof, NodeView["knownBy"]][] = [
    [(row) => recordedAs(row, record)?.id, "record"],
    [(row) => (isCoordinator(row) ? coordinator?.id : undefined), "record"],
    [(row) => byServerId(row, record, said.get(row.nodeid)), "server"],
    [(row) => byName(row, known, said.get(row.nodeid)), "server"],
    [declared, "endpoint"],
  ];
  const result = new Map<Row, Identified>();
  const taken = new Set<string>();
  for (const [proof, knownBy] of proofs) {
    for (const row of registered) {
      const id = result.has(row) ? undefined : proof(row);
      if (id === undefined || taken.has(id)) continue;
      taken.add(id);
      result.set(row, { id, knownBy });
    }
  }
  return result;
}

function recordedAs<Recorded extends Recordable>(
  { nodeid }: RegisteredNode,
  record: ReadonlyMap<string, Recorded>,
): Recorded | undefined {
  return [...record.values()].find((recorded) => recorded.nodeid === nodeid);
}

function byServerId(
  { noderole }: RegisteredNode,
  record: ReadonlyMap<string, Recordable>,
  said: ServerIdentity | undefined,
): string | undefined {
  // A silent server is recorded without one.
  if (!said?.server_id || noderole !== "primary") return undefined;
  return [...record.values()].find(({ server_id }) => server_id === said.server_id)?.id;
}

/** As far as it is known which cluster this is, the name must be of it: another one's worker may answer at an address. */
function byName(
  { groupid }: RegisteredNode,
  { cluster, record }: Known<RegisteredNode, Recordable>,
  said: ServerIdentity | undefined,
): string | undefined {
  const named = readServerName(said?.cluster_name ?? undefined);
  if (named === undefined || (cluster !== undefined && named.cluster !== cluster.name)) return undefined;
  if (groupid !== COORDINATOR_GROUP && named.id === coordinatorIn(cluster)?.id) return undefined;
  if (named.cut !== true) return named.id;
  // What is left of the id means one that is known, if only one begins so.
  const ids = new Set([...(cluster?.nodes ?? []).map(({ id }) => id), ...record.keys()]);
  const meant = [...ids].filter((id) => id.startsWith(named.id));
  return meant.length === 1 ? meant[0] : undefined;
}

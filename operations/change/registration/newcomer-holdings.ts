import type { Cluster, ClusterNode, Endpoint } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { formatBytes } from "../../base/bytes";
import { EXIT, Failure } from "../../base/failure";
import { checkName } from "../../cluster/nodes/identity";
import type { NodeFacts } from "../../cluster/nodes/node-facts";
import { readRegistered, sameEndpoint } from "../../cluster/nodes/registered";
import { quoteLiteral, runOnNodes } from "../../cluster/nodes/run-on-nodes";
import type { Session } from "../../cluster/connection/session";
import { type Remedy, advise, commandIn } from "../../base/remedy";

/** What a server that is to join holds in the cluster's database. */
export interface NewcomerHoldings {
  /** Nothing: it can join. */
  readonly empty: boolean;
  /** In words. */
  readonly text: string;
}

/** Looks at what a server holds that isn't registered. */
export async function readHoldings(
  session: Session,
  endpoint: Endpoint,
  facts: NodeFacts,
): Promise<NewcomerHoldings> {
  const { groupid, tables, table_count, others = [] } = facts;
  if (groupid === 0 && table_count === 0 && others.length === 0) return { empty: true, text: "nothing" };
  const [answer] = await runOnNodes(
    session,
    [endpoint],
    ["SELECT pg_database_size(current_database())::text"],
  );
  const size = answer !== undefined && "value" in answer ? formatBytes(Number(answer.value)) : "unknown size";
  const names = `${tables.join(", ")}${table_count > tables.length ? ", ..." : ""}`;
  const parts = [
    ...(table_count === 0 ? [] : [`${table_count} table(s) of its own (${names})`]),
    ...(others.length === 0 ? [] : [`definitions of its own (${others.join(", ")})`]),
    ...(groupid === 0 ? [] : [`the metadata of a cluster in which it is or was a worker (group ${groupid})`]),
  ];
  return { empty: false, text: `${parts.join(" and ")}; its database has ${size}` };
}

interface Standing {
  readonly groupid: number;
  readonly recovery: boolean;
  /** Of the node that it takes for its coordinator, `host:port`; null where it knows none. */
  readonly host: string | null;
  readonly port: number | null;
  /** Nodes that it knows beside itself. */
  readonly others: number;
}

const STANDING = `SELECT json_build_object(
  'groupid', (SELECT groupid FROM pg_dist_local_group),
  'recovery', pg_is_in_recovery(),
  'host', (SELECT nodename FROM pg_dist_node WHERE groupid = 0),
  'port', (SELECT nodeport FROM pg_dist_node WHERE groupid = 0),
  'others', (SELECT count(*) FROM pg_dist_node WHERE groupid <> 0))::text`;

/**
 * A server's data may go only where no cluster counts on it.
 *
 * @throws Failure (refused) for a member of this cluster or of another one, a coordinator, a standby, and wherever that
 *   can't be told
 */
export async function requireWipeable(
  session: Session,
  { name: cluster, environment }: Pick<Cluster, "name" | "environment">,
  { id, endpoint }: Pick<ClusterNode, "id" | "endpoint">,
  facts: NodeFacts,
): Promise<void> {
  const refuse = (what: string, remedy: Remedy): never => {
    throw new Failure(`${id} is not wiped: ${what}`, remedy, { exitCode: EXIT.refused });
  };
  const at = formatEndpoint(endpoint);
  // Registration would refuse it as well, but only once it is empty.
  const [misnamed] = checkName({ node: { id, endpoint }, facts }, cluster);
  if (misnamed !== undefined) refuse(misnamed.what, misnamed.remedy);
  const registered = await readRegistered(session);
  if (registered.some((node) => sameEndpoint(node.endpoint, endpoint)))
    refuse(
      `${at} is registered in this cluster`,
      advise`remove it first: ${commandIn({ environment }, "remove", id)}`,
    );
  const [own] = await session.query<{ server_id: string }>(
    "SELECT metadata->>'server_id' AS server_id FROM pg_dist_node_metadata",
  );
  if (own?.server_id === facts.server_id) refuse(`${at} is the coordinator itself`, "correct the address");
  const [recorded] = await session.query<{ id: string }>(
    "SELECT r.id FROM pgdist.node r JOIN pg_dist_node n USING (nodeid) WHERE r.server_id = $1",
    [facts.server_id],
  );
  if (recorded !== undefined)
    refuse(`the server at ${at} is ${recorded.id}, a member of this cluster`, "correct the address");

  const [answer] = await runOnNodes(session, [endpoint], [STANDING]);
  if (answer === undefined || !("value" in answer))
    return refuse(`it can't be queried: ${answer?.error ?? "no answer"}`, "see its log");
  const { groupid, recovery, host, port, others } = JSON.parse(answer.value ?? "null") as Standing;
  if (recovery) refuse(`${at} is a standby of another server`, "correct the address");
  if (groupid === 0) {
    // One without workers has registered itself, at its first distributed table.
    if (others > 0 || host !== null)
      refuse(`${at} is the coordinator of another cluster`, "correct the address");
    return;
  }
  const remedy = advise`see what it holds (${commandIn(session.place, "psql", id)}); if all of that may be deleted, delete the worker from the environment
      and deploy, which lists it once more and wants both keys (\`discard\`), then put it back`;
  if (host === null || port === null)
    return refuse(`it is or was a worker (group ${groupid}), and its cluster cannot be determined`, remedy);
  await requireForgotten({ session, endpoint, host, port, groupid, refuse, byHand: remedy });
}

/** Groups are numbered by a sequence and never again: one that a coordinator has not come to is not of its cluster. */
const MEMBERSHIP = `SELECT json_build_object(
  'members', (SELECT count(*) FROM pg_dist_node WHERE groupid = $1),
  'shards', (SELECT count(*) FROM pg_dist_placement WHERE groupid = $1),
  'assigned', (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM pg_dist_groupid_seq))::text`;

interface Former {
  readonly session: Session;
  /** Of the worker itself. */
  readonly endpoint: Endpoint;
  /** Of the coordinator that the worker knows. */
  readonly host: string;
  readonly port: number;
  readonly groupid: number;
  readonly refuse: (what: string, remedy: Remedy) => never;
  readonly byHand: Remedy;
}

/**
 * The coordinator that it knows must say that it is no member (any more). The worker itself asks: the same address may
 * lead our coordinator to another server, even to itself.
 */
async function requireForgotten(former: Former): Promise<void> {
  const { session, endpoint, host, port, groupid, refuse, byHand } = former;
  const coordinator = formatEndpoint({ host, port });
  const question = quoteLiteral(MEMBERSHIP.replaceAll("$1", String(groupid)));
  const [answer] = await runOnNodes(
    session,
    [endpoint],
    [
      `SELECT json_build_object('success', success, 'result', result)::text
         FROM master_run_on_worker(ARRAY[${quoteLiteral(host)}], ARRAY[${port}], ARRAY[${question}], false)`,
    ],
  );
  const told =
    answer !== undefined && "value" in answer
      ? (JSON.parse(answer.value ?? "null") as { success: boolean; result: string })
      : { success: false, result: answer?.error ?? "no answer" };
  if (!told.success) {
    return refuse(
      `it is or was a worker of the cluster at ${coordinator}, which can't confirm it (${told.result})`,
      advise`start that one, so that it can answer; or ${byHand}`,
    );
  }
  const { members, shards, assigned } = JSON.parse(told.result ?? "null") as {
    members: number;
    shards: number;
    assigned: number;
  };
  if (members !== 0) refuse(`it is a worker of the cluster at ${coordinator}`, "correct the address");
  if (shards !== 0) {
    refuse(
      `the cluster at ${coordinator} has ${shards} shards on it (group ${groupid}) and lacks only its row in pg_dist_node`,
      "restore the row, as the command status there says",
    );
  }
  if (assigned < groupid) {
    refuse(
      `the server at ${coordinator}, which it knows as its coordinator, never had a group ${groupid}: that coordinator's ` +
        "volume was lost or replaced, and this worker may hold the only copy of its shards",
      advise`if the coordinator's address was corrected or its volume changed, put back what it was (or a backup of it): the shards are
        the only copy. ${byHand}`,
    );
  }
}

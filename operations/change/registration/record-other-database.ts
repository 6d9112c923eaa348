import type { Cluster, Endpoint } from "../../../model/cluster";
import { prepareRecord } from "../../cluster/nodes/migrate-record";
import {
  COORDINATOR_GROUP,
  type RegisteredNode,
  readRegistered,
  sameEndpoint,
} from "../../cluster/nodes/registered";
import { readView } from "../../cluster/nodes/read-view";
import { isRegistered } from "../../cluster/nodes/view";
import { type Answer, runOnNodes } from "../../cluster/nodes/run-on-nodes";
import type { Session } from "../../cluster/connection/session";

/** A node by the environment's id, and where the environment's own database has it registered. */
export interface HomeNode {
  readonly id: string;
  readonly endpoint: Endpoint;
}

const IDENTITY = `SELECT json_build_object('system', (SELECT system_identifier::text FROM pg_control_system()),
  'server_id', (SELECT metadata->>'server_id' FROM pg_dist_node_metadata))::text`;

interface Identity {
  readonly system: string;
  readonly server_id: string;
}

/**
 * Which node of ours is which in another database, whose metadata has numbers of its own, is written down there too: by it
 * a drain and a removal know whom they leave alone, and what an earlier run began.
 *
 * @param session in the other database
 * @returns the nodes as the environment's own database knows them
 */
export async function recordOtherDatabase(session: Session, cluster: Cluster): Promise<HomeNode[]> {
  const home = await session.openIn(cluster.homeDatabase ?? cluster.database);
  try {
    const known = await readHome(home, cluster);
    await prepareRecord(session);
    const registered = await readRegistered(session);
    const own = await askIdentities(session, registered);
    const theirs = await askIdentities(home, known);
    for (const [index, row] of registered.entries()) {
      const node =
        known.find(
          (_each, other) => own[index] !== undefined && own[index]?.system === theirs[other]?.system,
        ) ?? known.find(({ endpoint }) => sameEndpoint(endpoint, row.endpoint));
      const identity = own[index];
      if (node !== undefined) await record(session, node.id, row, identity?.server_id ?? "");
    }
    return known;
  } finally {
    await home.end();
  }
}

async function readHome(home: Session, cluster: Cluster): Promise<(HomeNode & { groupid: number })[]> {
  const nodes = (await readView(home, cluster)).filter(isRegistered);
  return nodes.flatMap(({ id, endpoint, registered: { groupid } }) =>
    id === undefined ? [] : [{ id, endpoint, groupid }],
  );
}

/** In the order of the nodes; the coordinator is asked by the session itself. */
async function askIdentities(
  session: Session,
  nodes: readonly { readonly endpoint: Endpoint; readonly groupid: number }[],
): Promise<(Identity | undefined)[]> {
  const workers = nodes.filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
  const [own] = await session.query<Record<string, string>>(IDENTITY);
  const answers = await runOnNodes(
    session,
    workers.map(({ endpoint }) => endpoint),
    workers.map(() => IDENTITY),
  );
  return nodes.map((node) => {
    const answer: Answer | undefined =
      node.groupid === COORDINATOR_GROUP
        ? { value: Object.values(own ?? {})[0] ?? null }
        : answers[workers.indexOf(node)];
    return answer !== undefined && "value" in answer
      ? (JSON.parse(answer.value ?? "null") as Identity)
      : undefined;
  });
}

/** What a mark says stays: only who it is can have changed. One that doesn't answer is known by its address alone. */
async function record(
  session: Session,
  id: string,
  { nodeid, groupid, endpoint: { host, port } }: RegisteredNode,
  server_id: string,
): Promise<void> {
  await session.query("DELETE FROM pgdist.node WHERE nodeid = $1 AND id <> $2", [nodeid, id]);
  await session.query(
    `INSERT INTO pgdist.node (id, nodeid, groupid, host, port, server_id, image, settings)
     VALUES ($1, $2, $3, $4, $5, $6, '', '{}')
     ON CONFLICT (id) DO UPDATE SET nodeid = excluded.nodeid, groupid = excluded.groupid, host = excluded.host,
       port = excluded.port, server_id = coalesce(nullif(excluded.server_id, ''), node.server_id), recorded_at = now()`,
    [id, nodeid, groupid, host, port, server_id],
  );
}

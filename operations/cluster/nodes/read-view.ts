import type { Cluster, Endpoint } from "../../../model/cluster";
import type { Session } from "../connection/session";
import type { NodeAnswer } from "./ask-nodes";
import { type RegisteredNode, isCoordinator, readRegistered } from "./registered";
import { readRecord } from "./recorded";
import { type Answer, runOnNodes } from "./run-on-nodes";
import { type Identities, type Known, type NodeView, type ServerIdentity, isUntold, viewNodes } from "./view";

const IDENTITY = `SELECT json_build_object(
  'server_id', (SELECT metadata->>'server_id' FROM pg_dist_node_metadata),
  'cluster_name', current_setting('cluster_name'))::text`;

/** Asks nodes the same; their answers in their order. */
export type Ask = (
  session: Session,
  endpoints: readonly Endpoint[],
  statement: string,
) => Promise<readonly (Answer | NodeAnswer)[]>;

/** As long as the session lets it take. */
const patiently: Ask = (session, endpoints, statement) =>
  runOnNodes(
    session,
    endpoints,
    endpoints.map(() => statement),
  );

/**
 * All nodes of the cluster, each by its one name. Only those of which nothing is recorded are asked who they are: of a
 * cluster that we registered none.
 */
export async function readView(
  session: Session,
  cluster: Known["cluster"],
  ask: Ask = patiently,
): Promise<NodeView[]> {
  const known = await readKnown(session, cluster);
  return viewNodes(known, await askIdentities(session, known, ask));
}

export async function readKnown(
  session: Session,
  cluster: Pick<Cluster, "name" | "nodes"> | undefined,
): Promise<Known> {
  return { cluster, registered: await readRegistered(session), record: await readRecord(session) };
}

/** What those say that only say it themselves; nothing of one that doesn't answer. */
export async function askIdentities(
  session: Session,
  known: Known,
  ask: Ask = patiently,
): Promise<Identities> {
  const untold = known.registered.filter((row) => isUntold(known, row));
  const coordinator = untold.find(isCoordinator);
  const workers = untold.filter((row) => row !== coordinator);
  const endpoints = workers.map(({ endpoint }) => endpoint);
  const answers = workers.length === 0 ? [] : await ask(session, endpoints, IDENTITY);
  const said = workers.map((row, index): [RegisteredNode, string | null] => {
    const answer = answers[index];
    return [row, answer !== undefined && "value" in answer ? answer.value : null];
  });
  if (coordinator !== undefined) {
    const [own] = await session.query<Record<string, string>>(IDENTITY);
    said.push([coordinator, Object.values(own ?? {})[0] ?? null]);
  }
  return new Map(
    said.flatMap(([{ nodeid }, value]): [number, ServerIdentity][] =>
      value === null ? [] : [[nodeid, JSON.parse(value) as ServerIdentity]],
    ),
  );
}

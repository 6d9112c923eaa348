import { isDeepStrictEqual } from "node:util";
import type { Cluster } from "../../../model/cluster";
import { coordinatorOf, workersOf } from "../../cluster/cluster-file";
import { EXIT, problemsFailure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import { type RecordedNode, recordNode } from "../../cluster/nodes/recorded";
import type { Session } from "../../cluster/connection/session";
import { activateNode, addCoordinator, addWorker, changeEndpoints, keepAfterAll } from "./write-node";
import { storeOnNodes } from "../../cluster/nodes/credentials";
import { decideWorkers } from "./decide";
import type { Decision } from "./situation";
import { followElsewhere } from "./follow-elsewhere";
import type { Objection } from "../../cluster/nodes/identity";
import { checkExtensions } from "./newcomer-extensions";
import { waitForMetadata } from "./metadata-sync";
import { type FactsAnswer, type NodeFacts, nodeFacts } from "../../cluster/nodes/node-facts";
import { COORDINATOR_GROUP, type RegisteredNode, sameEndpoint } from "../../cluster/nodes/registered";
import { type Peer, checkReachability } from "../../cluster/nodes/reachability";
import { askIdentities, readKnown } from "../../cluster/nodes/read-view";
import { type RegisteredView, isRegistered, viewNodes } from "../../cluster/nodes/view";
import { copyReferenceTables } from "./reference-tables";
import { advise, commandIn } from "../../base/remedy";

export interface Reconciled {
  readonly changed: boolean;
  /** Ids of the workers that were added. */
  readonly added: readonly string[];
  /** What the workers said before, in the order of the cluster. */
  readonly answers: readonly FactsAnswer[];
}

/**
 * Checks all of the environment's workers, then makes pg_dist_node and our record what it says.
 *
 * @throws Failure with every problem of every worker, before the first change of the list of nodes
 */
export async function reconcile(
  session: Session,
  cluster: Cluster,
  coordinator: NodeFacts,
  password: string,
  progress: Progress,
): Promise<Reconciled> {
  const known = await readKnown(session, cluster);
  const { registered, record } = known;
  const said = await askIdentities(session, known);
  const workers = workersOf(cluster);
  const answers = await nodeFacts(
    session,
    cluster.database,
    workers.map(({ endpoint }) => endpoint),
  );
  const { decisions, findings } = decideWorkers({
    cluster: cluster.name,
    place: cluster,
    coordinator,
    workers: workers.map((node, index) => ({ node, answer: answers[index] as FactsAnswer })),
    ...{ registered, record, said },
  });
  const decided: Decision[] = [decideCoordinator(cluster, coordinator, registered, record), ...decisions];
  const strangers = viewNodes(known, said)
    .filter(isRegistered)
    .filter(({ declared }) => declared === undefined);

  const stored = await storeOnNodes(
    session,
    cluster.user,
    password,
    decisions.map(({ node, facts }) => ({ id: node.id, endpoint: node.endpoint, facts })),
  );
  if (stored.length > 0) progress(`credentials for the other nodes stored on ${stored.join(", ")}`);
  const unreached = await checkChanged(session, decided, strangers, progress);
  const lacking = await checkExtensions(session, decisions);
  throwFindings([...findings, ...lacking, ...unreached.map((problem) => ({ ...problem, refused: false }))]);

  reportStrangers(strangers, progress);
  const changed = await apply(session, cluster, decided, progress);
  const added = decisions.filter(({ action }) => action === "add").map(({ node }) => node.id);
  return { changed: changed || stored.length > 0, added, answers };
}

function decideCoordinator(
  cluster: Cluster,
  facts: NodeFacts,
  registered: readonly RegisteredNode[],
  record: ReadonlyMap<string, RecordedNode>,
): Decision {
  const node = coordinatorOf(cluster);
  const row = registered.find(({ groupid }) => groupid === COORDINATOR_GROUP);
  const recorded = record.get(node.id);
  if (row === undefined) return { node, action: "add", facts, recorded };
  const known = { node, facts, registered: row, recorded };
  if (!sameEndpoint(row.endpoint, node.endpoint)) return { ...known, action: "change-endpoint" };
  return { ...known, action: recorded?.nodeid === row.nodeid ? "keep" : "adopt" };
}

/**
 * New and moved nodes must reach all nodes and be reached by all. Where nothing changes, the matrix at the end is
 * enough: the number of connections per node that joins grows with the nodes, not with their square.
 */
async function checkChanged(
  session: Session,
  decided: readonly Decision[],
  strangers: readonly RegisteredView[],
  progress: Progress,
) {
  const isChanged = ({ action }: Decision) => action === "add" || action === "change-endpoint";
  const changed = new Set(decided.filter(isChanged).map(({ node }) => node.id));
  if (changed.size === 0) return [];
  const peers: Peer[] = [
    ...decided.map(({ node: { id, endpoint } }) => ({ id, endpoint })),
    ...strangers
      .filter(({ registered }) => registered.isactive)
      .map(({ label, endpoint }) => ({ id: label, endpoint })),
  ];
  const reaches = peers.map((from) => ({
    from,
    to: changed.has(from.id) ? peers : peers.filter(({ id }) => changed.has(id)),
  }));
  const [own, ...others] = reaches;
  if (own === undefined) return [];
  const problems = await checkReachability(session, own, others);
  const pairs = reaches.reduce((sum, { to }) => sum + to.length, 0);
  progress(`${pairs - problems.length} of ${pairs} connections to and from new addresses work`);
  return problems;
}

function throwFindings(findings: readonly Objection[]): void {
  const [first, ...others] = findings;
  if (first === undefined) return;
  const refused = findings.some((finding) => finding.refused);
  throw problemsFailure(
    [first, ...others],
    "no node was added or moved",
    refused ? EXIT.refused : EXIT.failed,
  );
}

function reportStrangers(strangers: readonly RegisteredView[], progress: Progress): void {
  for (const { id, label } of strangers)
    progress(
      id === undefined
        ? `${label} is registered, but not by the environment: left alone`
        : `${label} is registered, but no longer in the environment: left alone`,
    );
}

async function apply(
  session: Session,
  cluster: Cluster,
  decided: readonly Decision[],
  progress: Progress,
): Promise<boolean> {
  const rebalanceDue = cluster.rebalance === "after-adding";
  let changed = false;
  const changes = decided.flatMap(({ action, node, registered, facts }) =>
    action === "change-endpoint" && registered !== undefined
      ? [{ node, registered, server_id: facts.server_id }]
      : [],
  );
  await changeEndpoints(session, changes, progress);
  await waitForMetadata(session);
  if (await followElsewhere(session, cluster, progress, decided[0]?.registered?.endpoint)) changed = true;
  for (const decision of decided) {
    const { node, action, registered, recorded, facts } = decision;
    if (registered === undefined) {
      if (node.role === "coordinator") await addCoordinator(session, node, facts, progress);
      else await addWorker(session, decision, { cluster, rebalanceDue, progress });
      changed = true;
      continue;
    }
    const { nodeid, groupid } = registered;
    if (!registered.isactive) {
      await activateNode(session, node, cluster, progress);
      changed = true;
    }
    if (recorded?.leaving) {
      await keepAfterAll(session, node, progress);
      changed = true;
    } else if (node.role === "worker" && !registered.shouldhaveshards) {
      progress(
        advise`${node.id}: takes no shards (drained, or set by hand): left as it is; to give it some:
          ${commandIn(cluster, "add", node.id)}`,
      );
    }
    if (action === "adopt" || (action === "keep" && !isRecordedAs(decision))) {
      await recordNode(session, node, { nodeid, groupid, server_id: facts.server_id });
      const what =
        action === "adopt"
          ? `was registered already as node ${nodeid}: recorded`
          : "image or settings recorded";
      progress(`${node.id}: ${what}`);
      changed = true;
    }
  }
  const copied = await copyReferenceTables(session, cluster, progress);
  return changed || copied || changes.length > 0;
}

function isRecordedAs({ node, recorded, registered }: Decision): boolean {
  return (
    recorded !== undefined &&
    recorded.nodeid === registered?.nodeid &&
    recorded.image === node.image &&
    (recorded.cpus ?? undefined) === node.cpus &&
    sameEndpoint(recorded, node.endpoint) &&
    isDeepStrictEqual(recorded.settings, node.settings)
  );
}

import type { Cluster } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { workersOf } from "../../cluster/cluster-file";
import { Failure, problemsFailure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import { readRecord } from "../../cluster/nodes/record";
import type { Session } from "../../cluster/connection/session";
import { type Finding, checkIdentity } from "../../cluster/nodes/identity";
import { checkExtension, describeVersion } from "./check-version";
import { checkMatrix } from "./matrix";
import { type NodeFacts, coordinatorFacts, nodeFacts } from "../../cluster/nodes/node-facts";
import { formatTable } from "./node-table";
import {
  COORDINATOR_GROUP,
  type RegisteredNode,
  readRegistered,
  sameEndpoint,
} from "../../cluster/nodes/pg-dist-node";
import type { Reconciled } from "./reconcile";

/**
 * Every node is the server that it is registered as, and every node reaches every node; then the list of nodes.
 *
 * @param reconciled what the workers said just before is asked again only where something was changed since
 * @throws Failure with every node that isn't, and every pair that fails
 */
export async function verify(
  session: Session,
  cluster: Cluster,
  progress: Progress,
  reconciled: Reconciled,
): Promise<void> {
  const registered = await readRegistered(session);
  const record = await readRecord(session);
  const answers = reconciled.changed
    ? await nodeFacts(
        session,
        cluster.database,
        workersOf(cluster).map(({ endpoint }) => endpoint),
      )
    : reconciled.answers;
  const facts = new Map<string, NodeFacts>();
  const findings: Finding[] = [];
  for (const [index, node] of workersOf(cluster).entries()) {
    const answer = answers[index];
    const row = registered.find(({ endpoint }) => sameEndpoint(endpoint, node.endpoint));
    if (row === undefined) throw new Failure(`${node.id} is not registered any more`, "apply again");
    if (answer === undefined || "unknown" in answer) continue; // the matrix says why
    facts.set(node.id, answer.facts);
    findings.push(
      ...checkExtension(node.id, answer.facts),
      ...checkIdentity({ node, facts: answer.facts, recorded: record.get(node.id) }, row, {
        cluster: cluster.name,
        place: cluster,
      }),
    );
  }
  const nameOf = (endpoint: RegisteredNode["endpoint"]) =>
    cluster.nodes.find((node) => sameEndpoint(node.endpoint, endpoint))?.id ?? formatEndpoint(endpoint);
  const matrix = await checkMatrix(session, nameOf);
  const problems = [...findings, ...matrix.problems];

  facts.set(cluster.nodes[0]?.id ?? "", await coordinatorFacts(session));
  for (const line of nodeTable(cluster, registered, facts)) progress(line);
  progress(
    `${matrix.healthy} of ${matrix.pairs} pairs healthy${reconciled.changed ? "" : "; nothing was changed"}`,
  );
  reportVersions(facts, progress);
  const [first, ...others] = problems;
  if (first !== undefined) throw problemsFailure([first, ...others], "the cluster is not healthy");
}

function nodeTable(
  cluster: Cluster,
  registered: readonly RegisteredNode[],
  facts: ReadonlyMap<string, NodeFacts>,
): string[] {
  return formatTable(
    ["node", "endpoint", "role", "node id", "version"],
    registered.map((row) => {
      const node = cluster.nodes.find(({ endpoint }) => sameEndpoint(endpoint, row.endpoint));
      const known = node === undefined ? undefined : facts.get(node.id);
      return [
        node?.id ?? "(not in the environment)",
        formatEndpoint(row.endpoint),
        row.groupid === COORDINATOR_GROUP ? "coordinator" : "worker",
        String(row.nodeid),
        known === undefined
          ? "unknown"
          : `Citus ${known.citus}${known.stand_in ? " (a STAND-IN)" : ""}, PostgreSQL ${known.postgres}`,
      ];
    }),
  );
}

/** Amid an upgrade this is so for a while; otherwise it explains errors to come. */
function reportVersions(facts: ReadonlyMap<string, NodeFacts>, progress: Progress): void {
  const versions = new Set([...facts.values()].map(describeVersion));
  if (versions.size > 1) progress(`the nodes run different versions: ${[...versions].join("; ")}`);
}

import type { Cluster } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { workersOf } from "../../cluster/cluster-file";
import { Failure, problemsFailure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import type { Session } from "../../cluster/connection/session";
import { type Objection, checkIdentity } from "../../cluster/nodes/identity";
import { checkExtension, describeVersion } from "./check-version";
import { checkMatrix } from "./matrix";
import { type NodeFacts, coordinatorFacts, nodeFacts } from "../../cluster/nodes/node-facts";
import { formatTable } from "./node-table";
import { readView } from "../../cluster/nodes/read-view";
import { type RegisteredView, isRegistered, labelAt } from "../../cluster/nodes/view";
import type { Reconciled } from "./reconcile";
import { AGAIN, advise } from "../../base/remedy";

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
  const nodes = (await readView(session, cluster)).filter(isRegistered);
  const answers = reconciled.changed
    ? await nodeFacts(
        session,
        cluster.database,
        workersOf(cluster).map(({ endpoint }) => endpoint),
      )
    : reconciled.answers;
  const facts = new Map<string, NodeFacts>();
  const findings: Objection[] = [];
  for (const [index, node] of workersOf(cluster).entries()) {
    const answer = answers[index];
    const there = nodes.find(({ id }) => id === node.id);
    if (there === undefined || there.movesTo !== undefined)
      throw new Failure(`${node.id} is not registered any more`, advise`${AGAIN}`);
    if (answer === undefined || "unknown" in answer) continue; // the matrix says why
    facts.set(node.id, answer.facts);
    findings.push(
      ...checkExtension(node.id, answer.facts),
      ...checkIdentity({ node, facts: answer.facts, recorded: there.recorded }, there.registered, {
        cluster: cluster.name,
        place: cluster,
      }),
    );
  }
  const matrix = await checkMatrix(session, (endpoint) => labelAt(nodes, endpoint));
  const problems = [...findings, ...matrix.problems];

  facts.set(cluster.nodes[0]?.id ?? "", await coordinatorFacts(session));
  for (const line of nodeTable(nodes, facts)) progress(line);
  progress(
    `${matrix.healthy} of ${matrix.pairs} pairs healthy${reconciled.changed ? "" : "; nothing was changed"}`,
  );
  reportVersions(facts, progress);
  const [first, ...others] = problems;
  if (first !== undefined) throw problemsFailure([first, ...others], "the cluster is not healthy");
}

function nodeTable(nodes: readonly RegisteredView[], facts: ReadonlyMap<string, NodeFacts>): string[] {
  return formatTable(
    ["node", "endpoint", "role", "node id", "version"],
    nodes.map(({ id, endpoint, role, declared, registered }) => {
      const known = facts.get(declared?.id ?? "");
      return [
        declared?.id ?? `${id ?? ""} (not in the environment)`.trim(),
        formatEndpoint(endpoint),
        role,
        String(registered.nodeid),
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

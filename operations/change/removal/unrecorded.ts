import type { Cluster } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { coordinatorOf } from "../../cluster/cluster-file";
import type { Problem } from "../../base/failure";
import type { RecordedNode } from "../../cluster/nodes/recorded";
import { runOnNodes } from "../../cluster/nodes/run-on-nodes";
import type { Session } from "../../cluster/connection/session";
import { forgetMembership } from "../../base/terraform-command";
import { AGAIN, advise } from "../../base/remedy";

/**
 * That a worker isn't registered proves nothing where the coordinator knows no cluster at all: it may have lost its
 * volume, and the workers still hold every shard. Only workers that never joined one show that nothing can be lost.
 *
 * @returns undefined where the coordinator was registered, or every worker that stays says that it never joined
 */
export async function findUnrecordedProblem(
  session: Session,
  cluster: Cluster,
  id: string,
  { record, env }: { readonly record: ReadonlyMap<string, RecordedNode>; readonly env: NodeJS.ProcessEnv },
): Promise<Problem | undefined> {
  if (record.has(coordinatorOf(cluster).id)) return undefined;
  const workers = cluster.nodes.filter(({ role }) => role === "worker");
  const answers = await runOnNodes(
    session,
    workers.map(({ endpoint }) => endpoint),
    workers.map(() => "SELECT groupid FROM pg_dist_local_group"),
  );
  const told = workers.map((worker, index) => {
    const answer = answers[index];
    return { worker, group: answer !== undefined && "value" in answer ? answer.value : undefined };
  });
  if (told.length > 0 && told.every(({ group }) => group === "0")) return undefined;
  const member = told.find(({ group }) => group !== undefined && group !== "0")?.worker;
  const what =
    member === undefined
      ? "cannot determine whether it holds data: the coordinator has no record of this cluster, and no other worker can say"
      : `the coordinator has no record of this cluster, but ${member.id} (${formatEndpoint(member.endpoint)}) belongs to one: the coordinator's volume was probably lost or replaced`;
  return {
    node: id,
    what,
    remedy: advise`bring the coordinator's volume back; if ${id} never held data, let it go with
      ${forgetMembership(id, env)} and ${AGAIN}`,
  };
}

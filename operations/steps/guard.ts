import type { Cluster, ClusterNode } from "../../model/cluster";
import type { Caller } from "../base/caller/caller";
import { checkLayers } from "../change/replacement/container-layer/check-layers";
import { connect } from "../cluster/connection/connect";
import { mayDestroy, meansDestroy } from "../change/replacement/destroy-keys";
import { EXIT, Failure, type Problem, problemsFailure } from "../base/failure";
import { readContainers } from "../change/replacement/containers";
import { citusUpgrade, dataOf, findRenamed, findReplacements } from "../change/replacement/differences";
import type { Replacement } from "../change/replacement/replacement";
import { findForbidden } from "../cluster/nodes/image-on-data";
import { type ExistingNode, readExisting } from "../change/replacement/nodes";
import { fetchImages } from "../change/replacement/images";
import { findOtherSuperusers } from "../change/replacement/superuser";
import type { Progress } from "../base/progress";
import { WrongCoordinator, checkCoordinator } from "../cluster/nodes/check-coordinator";
import { applyOne } from "../base/terraform-command";
import { AGAIN, advise } from "../base/remedy";

export interface GuardOptions {
  readonly progress: Progress;
  readonly caller: Caller;
}

/**
 * Looks at an edit of the image, of start-up settings or of the cluster's name before the first container is replaced, and
 * refuses what must not happen: another PostgreSQL major version, an older Citus, another superuser or database on existing
 * data, new volumes in the place of those with the data, an image that a host can't have, and several nodes at once unless
 * the environment says so; and what the data needs and only the container has.
 * It runs at the destroy of the whole cluster too, whose keys the step `leave` of every node asks for. Changes nothing.
 *
 * @param cluster as it is wanted
 * @throws Failure, before any container has gone
 */
export async function guard(cluster: Cluster, options: GuardOptions): Promise<void> {
  const { caller, progress } = options;
  const { env } = caller;
  if (meansDestroy(cluster, env)) {
    options.progress(`the whole cluster of environment ${cluster.environment} is destroyed with its data`);
    return;
  }
  const [other, ...more] = await findOtherSuperusers(cluster, options);
  if (other !== undefined) throw problemsFailure([other, ...more], "no container was changed", EXIT.refused);
  const nodes = await look(cluster, options);
  if (nodes === undefined) return;
  const renamed = mayDestroy(cluster, env) ? [] : findRenamed(cluster, nodes);
  const data = nodes.map(dataOf);
  throwProblems([...renamed, ...findForbidden(data)]);
  const replacements = findReplacements(nodes);
  // Before the commands for one by one are given out: run by hand, they pass by this guard.
  throwProblems(findForbidden(data, await fetchImages(cluster, replacements, progress, caller)));
  throwProblems(await checkLayers(replacements, { cluster, progress, caller }));
  const upgrade = citusUpgrade(nodes);
  if (replacements.length > 1 && cluster.rollout !== "all-at-once") {
    throw allAtOnce(cluster, replacements, upgrade, env);
  }
  for (const replacement of replacements) options.progress(describe(replacement));
  if (upgrade !== undefined) options.progress(`Citus ${upgrade}: ${UPGRADE}`);
}

function throwProblems([first, ...others]: readonly Problem[]): void {
  if (first !== undefined)
    throw problemsFailure([first, ...others], "no container was replaced", EXIT.refused);
}

/** Undefined where nobody can be asked, and the cluster may be destroyed anyway. */
async function look(cluster: Cluster, options: GuardOptions): Promise<ExistingNode[] | undefined> {
  const { env } = options.caller;
  try {
    const session = await connect(cluster, { command: "guard", patience: 20, ...options });
    try {
      const nodes = await readExisting(session, cluster);
      // Under the cluster's former name it is the coordinator all the same, and that name is what is to be said.
      if (findRenamed(cluster, nodes).length === 0) await checkCoordinator(session, cluster, "change");
      return await readContainers(cluster, nodes, options);
    } finally {
      await session.end();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (mayDestroy(cluster, env)) {
      options.progress(`${error.summary}; environment ${cluster.environment} may be destroyed`);
      return undefined;
    }
    // Nothing is wrong with the coordinator.
    if (error instanceof WrongCoordinator && error.code === "newer-record") throw error;
    const [coordinator] = cluster.nodes;
    throw new Failure(
      `cannot determine what would happen to the data: ${error.summary}`,
      advise`${error.remedy}; if a setting or the image keeps the coordinator from starting, replace it alone:
        ${applyOne((coordinator as ClusterNode).id, env)}`,
      { detail: error.detail, exitCode: EXIT.refused, cause: error },
    );
  }
}

const UPGRADE =
  "workers first, the coordinator last; right after its restart run ALTER EXTENSION citus UPDATE on each node, " +
  "in each database with Citus, and at the end CALL citus_finish_citus_upgrade() on the coordinator";

function describe({ node, changes }: Replacement): string {
  return `${node.id}: its container is replaced on its volume: ${changes.map(({ text }) => text).join(", ")}`;
}

function allAtOnce(
  cluster: Cluster,
  replacements: readonly Replacement[],
  upgrade: string | undefined,
  env: NodeJS.ProcessEnv,
): Failure {
  const nodes = replacements.map(({ node }) => node);
  const workersFirst = [
    ...nodes.filter(({ role }) => role === "worker"),
    ...nodes.filter(({ role }) => role === "coordinator"),
  ];
  return new Failure(
    `${replacements.length} containers of environment ${cluster.environment} would be replaced at once, and the cluster ` +
      "would be down until they are back",
    advise`replace them one by one with the commands above and ${AGAIN} at the end, or set
      \`rollout: "all-at-once"\` in the environment`,
    {
      detail: [
        ...replacements.map(describe),
        ...(upgrade === undefined ? [] : [`Citus ${upgrade}: ${UPGRADE}`]),
        `one by one, in ${process.cwd()}:`,
        ...workersFirst.map((node) => `  ${applyOne(node.id, env)}`),
      ],
      exitCode: EXIT.refused,
    },
  );
}

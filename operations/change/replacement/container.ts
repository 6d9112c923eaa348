import { serverName } from "../../../model/contract/server-name";
import type { Caller } from "../../base/caller/caller";
import { majorOfDirectory } from "../../../model/contract/volumes";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, ClusterNode } from "../../../model/cluster";
import { hostOf } from "../../cluster/cluster-file";
import { mayDestroy, meansDestroy } from "./destroy-keys";
import { type ContainerJson, inspectContainer } from "../../docker/engine/containers";
import { Engine } from "../../docker/engine/engine";
import { ifAnswered, ifFound } from "../../docker/engine/engine-failure";
import { exec } from "../../docker/engine/exec";
import { checkLayer } from "./container-layer/check-layer";
import { EXIT, Failure, type Problem, oneLine, problemsFailure } from "../../base/failure";
import { findForbidden } from "../../cluster/nodes/image-on-data";
import { fetchImage } from "./images";
import type { Progress } from "../../base/progress";
import { advise } from "../../base/remedy";

export interface GuardContainerOptions {
  readonly progress: Progress;
  readonly caller: Caller;
}

/** Looks at a container, and the pause between two, in milliseconds. */
const ATTEMPTS = 3;
const PAUSE_MS = 1000;

/** How long the server in the container may take to answer. In milliseconds. */
const ANSWER_MS = 30_000;

/** Of the catalog and not of the library: the older library is still good until ALTER EXTENSION has run. */
const VERSIONS =
  "SELECT current_setting('server_version_num')::int / 10000, extversion FROM pg_extension WHERE extname = 'citus'";

/**
 * The last look at one container before Terraform destroys it to make it anew: that its data is not given to another
 * PostgreSQL major version, nor a catalog to an older Citus, that its host has the image at all, and that nothing which
 * the data needs goes with the container. `guard` has seen to
 * all of that before. But Terraform runs this one also where it doesn't run that: by -target, and in the apply after one
 * that failed at a container, when the guard is not in the state. Asks the container's own Docker host only, since by
 * now other nodes may be gone.
 *
 * @param cluster as it is wanted
 * @param id of the node; one that leaves, or goes with the whole cluster, is passed over
 * @throws Failure (refused) with the container as it was
 */
export async function guardContainer(
  cluster: Cluster,
  id: string,
  { progress, caller }: GuardContainerOptions,
): Promise<void> {
  const node = cluster.nodes.find((each) => each.id === id);
  if (node === undefined || meansDestroy(cluster, caller.env)) return;
  const docker = new Engine(hostOf(cluster, node), caller);
  try {
    const found = await inspect(docker, node, progress);
    if (found === undefined) return;
    const { Image, Cmd, Env } = found.Config;
    const major = majorOfData(Env ?? []);
    const sameData = Image === node.image && (major ?? node.postgresMajor) === node.postgresMajor;
    // Nothing says that it is replaced, and the end of such a cluster needs no word.
    if (sameData && cluster.ephemeral && runsAsWanted(cluster, node, Cmd ?? [])) return;
    const versions = await fetchImage(docker, node.image, progress);
    const forbidden: Problem[] = [];
    if (!sameData) {
      const running = await askServer(docker, cluster, node);
      forbidden.push(
        ...findForbidden(
          [{ wanted: node, major: running?.major ?? major, citus: running?.citus }],
          new Map([[node.host, versions]]),
        ),
      );
    }
    if (forbidden.length === 0)
      forbidden.push(...(await checkLayer(docker, node, { cluster, progress, caller })));
    const [first, ...others] = forbidden;
    if (first !== undefined)
      throw problemsFailure([first, ...others], "its container was not replaced", EXIT.refused);
  } catch (error) {
    if (!(error instanceof Failure) || !mayDestroy(cluster, caller.env)) throw error;
    // An ephemeral cluster may be destroyed without a word, which looks the same from here.
    const { summary, remedy, detail, exitCode } = error;
    const destroy = `to destroy the whole cluster, run that with PGDIST_DESTROY=${cluster.environment}`;
    throw new Failure(summary, advise`${remedy}; ${destroy}`, { detail, exitCode, cause: error });
  } finally {
    docker.close();
  }
}

/** The node's container; undefined where there is none, or it can't be asked about. */
async function inspect(
  docker: Engine,
  { id, container }: ClusterNode,
  progress: Progress,
): Promise<ContainerJson | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ifFound(inspectContainer(docker, container));
    } catch (error) {
      // sshd refuses some of many logins at once, and Terraform replaces ten containers at a time.
      if (attempt < ATTEMPTS) await sleep(PAUSE_MS);
      else {
        // What keeps this program from its Docker host keeps Terraform from it too, which says so.
        progress(`${id}: its container is not inspected before it is replaced: ${oneLine(error)}`);
        return undefined;
      }
    }
  }
}

/** Whether its command line is that of the environment. */
function runsAsWanted({ name }: Cluster, node: ClusterNode, words: readonly string[]): boolean {
  const wanted = Object.entries(node.settings).map(([setting, value]) => `${setting}=${value}`);
  return [...wanted, `cluster_name=${serverName(name, node)}`].every((word) => words.includes(word));
}

/** PGDATA carries the major version, and is read only when a container is made: this is the one that has the data. */
function majorOfData(variables: readonly string[]): number | undefined {
  const path = variables.find((each) => each.startsWith("PGDATA="));
  return path === undefined ? undefined : majorOfDirectory(path);
}

/** Undefined where it doesn't answer, as one that the new image or a setting keeps from starting: then that may go back. */
async function askServer(
  docker: Engine,
  { user, database }: Cluster,
  { container }: ClusterNode,
): Promise<{ major: number; citus: string } | undefined> {
  const psql = ["psql", "-h", "127.0.0.1", "-U", user, "-d", database, "-qAtF", " ", "-c", VERSIONS];
  const asked = await ifAnswered(exec(docker, container, psql, { timeout: ANSWER_MS }));
  const [, major, citus] = /^(\d+) (\d+(?:\.\d+)*)/.exec(asked?.stdout ?? "") ?? [];
  if (asked?.code !== 0 || major === undefined || citus === undefined) return undefined;
  return { major: Number(major), citus };
}

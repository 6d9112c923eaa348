import { type Cluster, type ClusterNode, formatEndpoint } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import { coordinatorOf, hostOf, workersOf } from "../../cluster/cluster-file";
import { Engine } from "../../docker/engine/engine";
import { exec, execFailure } from "../../docker/engine/exec";
import { Failure, type Problem, oneLine, problemsFailure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import type { RecordedNode } from "../../cluster/nodes/recorded";
import { authinfoOf, storeOnCoordinator, storeOnNodes } from "../../cluster/nodes/credentials";
import type { NodeFacts } from "../../cluster/nodes/node-facts";
import {
  type HeldRole,
  alignStatement,
  heldByCoordinator,
  heldByNodes,
} from "../../cluster/roles/held-roles";
import { explainConnection } from "../../cluster/nodes/connection-cause";
import { connectionCauses, withCauses } from "../../cluster/nodes/reachability";
import { runOnNodes } from "../../cluster/nodes/run-on-nodes";
import { isNamedAsAnother } from "../../../model/contract/server-name";
import type { Session } from "../../cluster/connection/session";
import { advise, commandIn } from "../../base/remedy";

/** How long one command in a container may take, in milliseconds. */
const EXEC_MS = 30_000;

/**
 * Stores the superuser's own password on the coordinator, where it has another. Before that, workers which the old one still
 * leads to get the coordinator's role: that is so where it was changed with propagation off, and with the new one stored
 * nothing would lead to them any more.
 *
 * @returns whether it had another
 */
export async function storeOwnOnCoordinator(
  session: Session,
  cluster: Cluster,
  facts: Pick<NodeFacts, "authinfo" | "verifier">,
  password: string,
  progress: Progress,
): Promise<boolean> {
  if (facts.authinfo !== null && facts.authinfo !== authinfoOf(password))
    await alignReachable(session, cluster, progress);
  const stored = await storeOnCoordinator(session, cluster.user, password, facts);
  if (stored) progress(`${coordinatorOf(cluster).id}: credentials for the other nodes stored`);
  return stored;
}

async function alignReachable(session: Session, cluster: Cluster, progress: Progress): Promise<void> {
  const workers = workersOf(cluster);
  const endpoints = workers.map(({ endpoint }) => endpoint);
  const [own, held] = [
    (await heldByCoordinator(session, [cluster.user]))[cluster.user],
    await heldByNodes(session, endpoints, [cluster.user]),
  ];
  if (own === undefined) return;
  const differing = workers.filter((_worker, index) => {
    const theirs = (held[index] as Record<string, HeldRole> | undefined)?.[cluster.user];
    return theirs !== undefined && theirs.verifier !== own.verifier;
  });
  const answers = await runOnNodes(
    session,
    differing.map(({ endpoint }) => endpoint),
    differing.map(() => alignStatement(cluster.user, own)),
  );
  for (const [index, { id }] of differing.entries()) {
    const answer = answers[index];
    if (answer !== undefined && "value" in answer)
      progress(`${id}: role ${cluster.user} had another password: it has the coordinator's now`);
    // Whoever looks at it next says that it doesn't answer.
    else
      progress(
        `${id}: role ${cluster.user} has another password, and keeps it: ${answer?.error ?? "no answer"}`,
      );
  }
}

/**
 * Stores it on all workers; one that refuses it gets the coordinator's password for the role by its own Docker host, where
 * loopback needs none.
 *
 * @returns ids of the workers on which something was changed
 * @throws Failure with every worker that could not be changed
 */
export async function storeOwnOnWorkers(
  session: Session,
  cluster: Cluster,
  {
    password,
    record,
    caller,
    progress,
  }: {
    readonly password: string;
    readonly record: ReadonlyMap<string, RecordedNode>;
    readonly caller: Caller;
    readonly progress: Progress;
  },
): Promise<string[]> {
  const workers = workersOf(cluster);
  const own = (await heldByCoordinator(session, [cluster.user]))[cluster.user];
  if (own === undefined)
    throw new Failure(`role ${cluster.user} is not on the coordinator`, "please report this");
  const problems: Problem[] = [];
  const mended: string[] = [];
  for (const { worker, cause } of await notReached(session, workers)) {
    if (!/password/.test(cause ?? "")) {
      const explained = explainConnection(cause, "the coordinator", formatEndpoint(worker.endpoint), cluster);
      problems.push({ node: worker.id, ...explained });
      continue;
    }
    try {
      await setByDocker(worker, { cluster, own, recorded: record.get(worker.id), caller });
      mended.push(worker.id);
      progress(
        `${worker.id}: refused the password: role ${cluster.user} got the coordinator's there, by its Docker host`,
      );
    } catch (error) {
      const failure = error instanceof Failure ? error : undefined;
      problems.push({
        node: worker.id,
        what: `it refuses the password, and could not be given the right one: ${failure?.summary ?? oneLine(error)}`,
        remedy: failure?.remedy ?? "check that its container is running",
      });
    }
  }
  const answering = workers.filter(({ id }) => !problems.some(({ node }) => node === id));
  const held = await heldByNodes(
    session,
    answering.map(({ endpoint }) => endpoint),
    [cluster.user],
  );
  const stored = await storeOnNodes(
    session,
    cluster.user,
    password,
    answering.flatMap(({ id, endpoint }, index) => {
      const facts = (held[index] as Record<string, HeldRole> | undefined)?.[cluster.user];
      return facts === undefined ? [] : [{ id, endpoint, facts }];
    }),
  );
  if (stored.length > 0) progress(`credentials for the other nodes stored on ${stored.join(", ")}`);
  const [first, ...others] = problems;
  if (first !== undefined) throw problemsFailure([first, ...others], "credentials are not on every node");
  return [...new Set([...mended, ...stored])];
}

async function notReached(
  session: Session,
  workers: readonly ClusterNode[],
): Promise<{ worker: ClusterNode; cause?: string }[]> {
  return withCauses(session, async () => {
    const rows = await session.query<{ ok: boolean | null }>(
      "SELECT citus_check_connection_to_node(host, port) AS ok FROM unnest($1::text[], $2::int[]) AS t(host, port)",
      [workers.map(({ endpoint }) => endpoint.host), workers.map(({ endpoint }) => endpoint.port)],
    );
    const causes = connectionCauses(session.takeMessages());
    return workers.flatMap((worker, index) => {
      if (rows[index]?.ok === true) return [];
      return [{ worker, cause: causes.find(({ to }) => to === formatEndpoint(worker.endpoint))?.cause }];
    });
  });
}

/** Only on the server that it is: by its recorded identity, or where it never joined by the name that we gave it. */
async function setByDocker(
  node: ClusterNode,
  {
    cluster,
    own,
    recorded,
    caller,
  }: {
    readonly cluster: Cluster;
    readonly own: HeldRole;
    readonly recorded?: RecordedNode;
    readonly caller: Caller;
  },
): Promise<void> {
  const docker = new Engine(hostOf(cluster, node), caller);
  const psql = async (sql: string): Promise<string> => {
    const command = ["psql", "-h", "127.0.0.1", "-U", cluster.user, "-d", cluster.database];
    const options = ["-XqAtw", "-v", "ON_ERROR_STOP=1"];
    // By standard input: an argument stands in lists of processes.
    const input = { input: sql, timeout: EXEC_MS };
    const result = await exec(docker, node.container, [...command, ...options], input);
    if (result.code === 0) return result.stdout.trim();
    throw execFailure(docker, result);
  };
  try {
    const [id, name = ""] = (
      await psql(
        "SELECT metadata->>'server_id' FROM pg_dist_node_metadata; SELECT current_setting('cluster_name');",
      )
    ).split("\n");
    const another =
      recorded === undefined ? isNamedAsAnother(name, cluster.name, node.id) : recorded.server_id !== id;
    if (another) {
      throw new Failure(
        `container ${node.container} is another server ("${name}", server id ${id ?? "unknown"})`,
        advise`see what runs there: ${commandIn(cluster, "doctor")} names the server of each container`,
      );
    }
    await psql(`${alignStatement(cluster.user, own)};`);
  } finally {
    docker.close();
  }
}

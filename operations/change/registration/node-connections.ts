import type { Cluster, ClusterNode } from "../../../model/cluster";
import { coordinatorOf, workersOf } from "../../cluster/cluster-file";
import { Failure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import type { Session } from "../../cluster/connection/session";
import { ACCEPTED, CONNINFO, withKeepalives } from "../../cluster/nodes/keepalive-settings";
import { remedyForWords } from "../../cluster/nodes/node-failure";
import { quoteLiteral, runOnNodes } from "../../cluster/nodes/run-on-nodes";
import { AGAIN, advise } from "../../base/remedy";

const READ = `SELECT json_build_object('alterable', current_setting('allow_alter_system', true) IS DISTINCT FROM 'off',
   'settings', (SELECT json_agg(json_build_object('name', name, 'value', reset_val, 'source', source,
       'written', EXISTS (SELECT FROM pg_file_settings f WHERE f.name = s.name)))
     FROM pg_settings s WHERE name IN (${[CONNINFO, ...Object.keys(ACCEPTED)].map(quoteLiteral).join(", ")})))::text AS settings`;

interface Settings {
  /** Not where allow_alter_system (PostgreSQL 17) is off: there somebody else keeps the configuration. */
  readonly alterable: boolean;
  readonly settings: readonly Setting[];
}

interface Setting {
  readonly name: string;
  readonly value: string;
  readonly source: string;
  /** Whether it is in one of the server's files. */
  readonly written: boolean;
}

/**
 * Has all nodes notice within half a minute that another one is gone, at both ends of their connections. Else a shard that
 * is being moved to a server that vanished keeps all writes to it waiting, and what the vanished one had begun keeps its
 * locks, for which every later move waits. By ALTER SYSTEM, and only what nobody has set.
 *
 * @param progress told where ALTER SYSTEM is switched off, with what to set instead
 * @returns whether anything was changed
 */
export async function keepNodeConnectionsAlive(
  session: Session,
  cluster: Cluster,
  progress: Progress,
): Promise<boolean> {
  const [own] = await session.query<{ settings: string | null }>(READ);
  const onCoordinator = changesFor(coordinatorOf(cluster), own?.settings, progress);
  for (const statement of onCoordinator) await session.query(statement);
  if (onCoordinator.length > 0) await session.query(RELOAD);

  const workers = workersOf(cluster);
  const settings = await onWorkers(
    session,
    workers.map((worker) => ({ worker, statement: READ })),
  );
  const changes = workers.map((worker, index) => changesFor(worker, settings[index], progress));
  // Each by itself, as ALTER SYSTEM runs in no transaction, and all at once: the server takes them one after the other.
  await onWorkers(
    session,
    workers.flatMap((worker, index) => (changes[index] ?? []).map((statement) => ({ worker, statement }))),
  );
  const changed = workers.filter((_worker, index) => changes[index]?.length !== 0);
  await onWorkers(
    session,
    changed.map((worker) => ({ worker, statement: RELOAD })),
  );
  return onCoordinator.length > 0 || changed.length > 0;
}

const RELOAD = "SELECT pg_reload_conf()";

function changesFor(
  { id }: Pick<ClusterNode, "id">,
  answer: string | null | undefined,
  progress: Progress,
): string[] {
  const { alterable, settings } = JSON.parse(answer ?? '{"settings": []}') as Settings;
  const changes = settings.flatMap((setting) => {
    const value = wanted(setting);
    return value === undefined ? [] : [{ name: setting.name, value }];
  });
  if (alterable) return changes.map(({ name, value }) => `ALTER SYSTEM SET ${name} = ${quoteLiteral(value)}`);
  if (changes.length > 0) {
    const told = changes.map(({ name, value }) => `${name} = ${quoteLiteral(value)}`).join(", ");
    progress(
      `${id}: allow_alter_system is off there, so it may take hours to notice that another node is gone; in its configuration: ${told}`,
    );
  }
  return [];
}

/** Undefined where nothing is to be changed. */
function wanted({ name, value, source, written }: Setting): string | undefined {
  // Our own session on the coordinator has values of its own ("client"), which say nothing about the others'.
  if (name !== CONNINFO)
    return !written && ["default", "client"].includes(source) ? ACCEPTED[name] : undefined;
  // On the command line it can't be changed by ALTER SYSTEM.
  return source === "command line" ? undefined : withKeepalives(value);
}

async function onWorkers(
  session: Session,
  work: readonly { readonly worker: ClusterNode; readonly statement: string }[],
): Promise<(string | null)[]> {
  const answers = await runOnNodes(
    session,
    work.map(({ worker }) => worker.endpoint),
    work.map(({ statement }) => statement),
  );
  return answers.map((answer, index) => {
    if ("value" in answer) return answer.value;
    const { worker, statement } = work[index] as (typeof work)[number];
    throw new Failure(
      `${worker.id}: ${statement.split(" =", 1).join()} failed: ${answer.error}`,
      advise`${remedyForWords(answer.error, { ...session.place, nodes: [worker] }, worker.id)}; then ${AGAIN}`,
    );
  });
}

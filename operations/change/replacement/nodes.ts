import { settingsOfCommand } from "../../../model/contract/server-command";
import type { Cluster, ClusterNode } from "../../../model/cluster";
import { coordinatorOf } from "../../cluster/cluster-file";
import { readKnown } from "../../cluster/nodes/read-view";
import type { RecordedNode } from "../../cluster/nodes/recorded";
import { runOnNodes } from "../../cluster/nodes/run-on-nodes";
import { viewNodes } from "../../cluster/nodes/view";
import type { Session } from "../../cluster/connection/session";

/** What a server says of how it was started. */
export interface RunningServer {
  /** e.g. 17 */
  readonly major: number;
  /** Version of the loaded library, e.g. 13.0.3. */
  readonly citus: string;
  /** Settings on its command line. */
  readonly settings: Readonly<Record<string, string>>;
}

/** What Docker says of a node's container. */
export interface RunningContainer {
  /** As it was named when the container was made. */
  readonly image: string;
  readonly cpus?: number;
}

/** A node of the environment that has run before: as it is wanted, was registered, and runs. */
export interface ExistingNode {
  readonly wanted: ClusterNode;
  /** Absent for a coordinator whose registration never succeeded. */
  readonly recorded?: RecordedNode;
  /** Absent for a worker that doesn't answer. */
  readonly running?: RunningServer;
  /** Only where its record differs from what is wanted, and its Docker host answers. */
  readonly container?: RunningContainer;
}

// postmaster.opts is the command line of the running server, as text: 4GB and not 524288 pages.
const STATE = `SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'citus', current_setting('citus.version'),
  'command', pg_read_file('postmaster.opts'))::text AS state`;

/** The nodes of the environment that exist already. A new one has nothing to lose. */
export async function readExisting(session: Session, cluster: Cluster): Promise<ExistingNode[]> {
  const known = await readKnown(session, cluster);
  const view = viewNodes(known);
  const { record } = known;
  const [own] = await session.query<{ state: string }>(STATE);
  const coordinator = coordinatorOf(cluster);
  const workers = cluster.nodes.flatMap((wanted) => {
    const recorded = record.get(wanted.id);
    return wanted === coordinator || recorded === undefined ? [] : [{ wanted, recorded }];
  });
  const endpoints = workers.map(
    ({ wanted, recorded }) => view.find(({ id }) => id === wanted.id)?.registered?.endpoint ?? recorded,
  );
  const answers = await runOnNodes(
    session,
    endpoints,
    endpoints.map(() => STATE),
  );
  return [
    { wanted: coordinator, recorded: record.get(coordinator.id), running: parse(own?.state) },
    ...workers.map((worker, index) => {
      const answer = answers[index];
      const state = answer !== undefined && "value" in answer ? answer.value : undefined;
      return { ...worker, running: parse(state) };
    }),
  ];
}

function parse(state: string | null | undefined): RunningServer | undefined {
  if (!state) return undefined;
  const { version, citus, command } = JSON.parse(state) as {
    version: number;
    citus: string;
    command: string;
  };
  return { major: Math.floor(version / 10_000), citus, settings: settingsOf(command) };
}

/** Of a line like `/usr/lib/postgresql/17/bin/postgres "-c" "wal_level=logical"`. */
export function settingsOf(command: string): Record<string, string> {
  const words = command
    .trim()
    .replace(/^\S+ "|"$/g, "")
    .split('" "');
  return settingsOfCommand(words);
}

import type { Cluster } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import { Engine } from "../../docker/engine/engine";
import { ifAnswered } from "../../docker/engine/engine-failure";
import { exec } from "../../docker/engine/exec";

/** That a node of `from`, a Docker host, gets an answer of a node's server at its endpoint. */
export interface Reached {
  readonly from: string;
  /** Id of the node. */
  readonly to: string;
}

/** How long a server may take to answer at its port, in seconds: a packet that is dropped is sent again after 1 and 3. */
const PATIENCE = 4;

/** Of a container. In milliseconds. */
const ASK_MS = (PATIENCE + 20) * 1000;

/** Arguments: an id, a host and a port for each node. All at once; 1 says that a server is there and takes nobody now. */
const SCRIPT = `while [ $# -gt 0 ]; do
  { pg_isready -q -t ${PATIENCE} -h "$2" -p "$3" >/dev/null 2>&1; [ $? -le 1 ] && printf '%s\\n' "$1"; } &
  shift 3
done
wait`;

/**
 * Tries every node's endpoint from one running node of each Docker host: the way of the cluster's own connections, through
 * the translation of the server's address. Where no node runs, nothing is reached. Never throws.
 */
export async function readReached({ hosts, nodes }: Cluster, caller: Caller): Promise<Reached[]> {
  const targets = nodes.flatMap(({ id, endpoint: { host, port } }) => [id, host, String(port)]);
  const asked = hosts.map(async (host): Promise<Reached[]> => {
    const docker = new Engine(host, caller);
    try {
      for (const { container } of nodes.filter((node) => node.host === host.id)) {
        const command = ["sh", "-c", SCRIPT, "sh", ...targets];
        const answer = await ifAnswered(exec(docker, container, command, { timeout: ASK_MS }));
        if (answer === undefined) continue;
        const reached = new Set(answer.stdout.split("\n"));
        return nodes.filter(({ id }) => reached.has(id)).map(({ id }) => ({ from: host.id, to: id }));
      }
      return [];
    } finally {
      docker.close();
    }
  });
  return (await Promise.all(asked)).flat();
}

/** What was reached before and no longer is. */
export function lostReach(before: readonly Reached[], after: readonly Reached[]): Reached[] {
  return before.filter(({ from, to }) => !after.some((each) => each.from === from && each.to === to));
}

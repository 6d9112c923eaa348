import type { ClusterHost, ClusterNode } from "../../../../model/cluster";
import { POSTGRES_PORT } from "../../../../model/cluster";
import { openExec } from "./docker-exec";
import { openSsh } from "./ssh";
import { describeSsh } from "../../../docker/ssh";
import type { Way } from "./way";

/**
 * Joins standard input and output to the server's port, inside its container. To the container's own address and not
 * to loopback, which the image trusts: the password must be right here as everywhere. Ends as soon as either side does.
 * bash for its /dev/tcp; the Alpine image has no bash but nc.
 *
 * In a container that somebody else made, without Docker's init, PostgreSQL is the first process, which inherits every
 * orphan, and it takes one that a signal ended for a crashed server process: it then throws everybody out and recovers. So
 * whatever is killed here is waited for, and
 * what may be left alone when Docker ends the shell (TERM as the client goes) doesn't die of a broken pipe.
 */
const RELAY = [
  "address=$(hostname -i); address=${address%% *}",
  `command -v bash >/dev/null || exec nc "$address" ${POSTGRES_PORT}`,
  // Explicit descriptors, since a background process of a shell has no standard input.
  `exec bash -c 'trap "" PIPE HUP INT
exec 3<>/dev/tcp/$0/${POSTGRES_PORT} || exit 1
exec 4<&0
cat <&3 & receive=$!
cat <&4 >&3 2>/dev/null & send=$!
trap : TERM
wait -n
trap "" TERM
kill $receive $send 2>/dev/null
wait 2>/dev/null
exit 0' "$address"`,
].join("\n");

/** A process in a node's container, by its Docker host: for a port that is published nowhere reachable. */
export function execWay(host: ClusterHost, node: ClusterNode, env: NodeJS.ProcessEnv): Way {
  const command = `docker exec ${node.container}`;
  if (!host.connection.startsWith("ssh://")) {
    return { name: "exec", description: command, open: () => openExec(host, node.container, RELAY, env) };
  }
  const remote = ["docker", "exec", "-i", node.container, "sh", "-c", shellQuote(RELAY)];
  return {
    name: "exec",
    description: `${describeSsh(host)}: ${command}`,
    open: async () => openSsh(host, [], remote),
  };
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

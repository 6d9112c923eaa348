import type { ClusterHost, ClusterNode } from "../../../../model/cluster";
import type { Caller } from "../../../base/caller/caller";
import { POSTGRES_PORT } from "../../../../model/cluster";
import { collect } from "../../../docker/engine/collect";
import { inspectContainer } from "../../../docker/engine/containers";
import { Engine } from "../../../docker/engine/engine";
import { EngineError, EngineFailure, isNotFound } from "../../../docker/engine/engine-failure";
import { startExec } from "../../../docker/engine/exec";
import { describeSsh } from "../../../docker/ssh";
import { TunnelStream } from "../../../docker/tunnel-stream";
import { type Transport, TransportError } from "./transport";

/** How long the engine may take to start a process, and with a login by ssh before it. In milliseconds. */
const ENGINE_MS = 10_000;
const WITH_LOGIN_MS = 30_000;

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
export function execTransport(host: ClusterHost, node: ClusterNode, caller: Caller): Transport {
  const command = `docker exec ${node.container}`;
  return {
    name: "exec",
    description: host.connection.startsWith("ssh://") ? `${describeSsh(host)}: ${command}` : command,
    open: () => openRelay(host, node.container, caller),
  };
}

async function openRelay(host: ClusterHost, container: string, caller: Caller): Promise<TunnelStream> {
  const engine = new Engine(host, caller);
  try {
    const timeout = host.connection.startsWith("ssh://") ? WITH_LOGIN_MS : ENGINE_MS;
    const options = { stdin: true, timeout };
    const { stdin, stdout, stderr, closed, close } = await startExec(
      engine,
      container,
      ["sh", "-c", RELAY],
      options,
    );
    const errors = collect(stderr);
    const stream = new TunnelStream({ input: stdin, output: stdout, close });
    closed.catch((error: unknown) => {
      // Whatever else ends the connection is the end of the stream.
      if (error instanceof EngineError) stream.finish(new TransportError(error.message, false));
    });
    stdout.once("end", () => void errors.ended.then(() => stream.finish(explain(errors.text()))));
    return stream;
  } catch (error) {
    throw await explainFailure(engine, container, error);
  } finally {
    // The stream has a connection of its own by now.
    engine.close();
  }
}

function explain(stderr: string): TransportError | undefined {
  const text = stderr.trim().split("\n").join("; ");
  return text === "" ? undefined : new TransportError(text, text.includes("Connection refused"));
}

async function explainFailure(engine: Engine, container: string, error: unknown): Promise<unknown> {
  if (!(error instanceof EngineFailure)) return error;
  return new TransportError(error.said, false, await isDown(engine, container, error));
}

/** One that restarts may be up in a moment; where it is paused, or there is none, no way leads anywhere. */
async function isDown(engine: Engine, container: string, { code }: EngineFailure): Promise<boolean> {
  if (code === "not-found") return true;
  if (code !== "conflict") return false;
  try {
    const { State } = await inspectContainer(engine, container, ENGINE_MS);
    return !["running", "restarting"].includes(State.Status);
  } catch (failure) {
    return isNotFound(failure);
  }
}

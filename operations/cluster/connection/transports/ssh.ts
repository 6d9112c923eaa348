import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { ClusterHost, Endpoint } from "../../../../model/cluster";
import { formatEndpoint } from "../../../../model/cluster";
import { describeSsh, sshArguments } from "../../../docker/ssh";
import { TunnelStream } from "./tunnel-stream";
import { type Way, WayError } from "./way";

/** The server's ssh daemon connects to the published port for us. */
export function sshWay(host: ClusterHost, endpoint: Endpoint): Way {
  const target = formatEndpoint(endpoint);
  return {
    name: "ssh",
    description: `${describeSsh(host)} to ${target}`,
    open: async () => openSsh(host, ["-W", target], []),
  };
}

/**
 * Runs ssh with its standard input and output as the stream.
 *
 * @param options before the host name, e.g. `-W`
 * @param command for the server's shell
 */
export function openSsh(
  host: ClusterHost,
  options: readonly string[],
  command: readonly string[],
): TunnelStream {
  // In a session of its own: Ctrl-C is for this program, or for psql, and they may still need the connection.
  const child = spawn("ssh", [...sshArguments(host, options), ...command], { stdio: "pipe", detached: true });
  const stream = new TunnelStream({ input: child.stdin, output: child.stdout, close: () => child.kill() });
  const errors = collect(child);
  child.once("error", (error) => stream.finish(new WayError(`can't run ssh: ${error.message}`, false)));
  child.once("close", (code) => stream.finish(code === 0 ? undefined : explain(errors(), code)));
  return stream;
}

function collect(child: ChildProcessWithoutNullStreams): () => string {
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-4096);
  });
  return () => text;
}

function explain(stderr: string, code: number | null): WayError {
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("Warning: Permanently added"));
  const text = lines.join("; ") || `ssh ended with ${code ?? "a signal"}`;
  // Of these only the server behind the tunnel can come up by itself; ssh's own refusals stay.
  return new WayError(text, /open failed: connect failed: Connection refused|Connection refused$/.test(text));
}

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { ClusterHost } from "../../model/cluster";
import { sshArguments } from "./ssh";
import { TunnelStream } from "./tunnel-stream";

export interface OpenSshOptions {
  /** Before the host name, e.g. `-W`. @default none */
  readonly options?: readonly string[];
  /** For the server's shell. @default none */
  readonly command?: readonly string[];
  /** The whole environment of ssh: its PATH, its agent. */
  readonly env: NodeJS.ProcessEnv;
  /** The error of the stream when there is no ssh to run. */
  readonly cannotRun: (error: Error) => Error;
  /** The error of the stream when ssh failed, from what it said and its exit code. */
  readonly explain: (stderr: string, code: number | null) => Error;
}

/** Runs ssh with its standard input and output as the stream. */
export function openSsh(
  host: ClusterHost,
  { options = [], command = [], env, cannotRun, explain }: OpenSshOptions,
): TunnelStream {
  // In a session of its own: Ctrl-C is for this program, or for psql, and they may still need the connection.
  const child = spawn("ssh", [...sshArguments(host, options), ...command], {
    stdio: "pipe",
    detached: true,
    env,
  });
  const stream = new TunnelStream({
    input: child.stdin,
    output: child.stdout,
    close: () => child.kill(),
    hold: (alive) => hold(child, alive),
  });
  const errors = collect(child);
  child.once("error", (error) => stream.finish(cannotRun(error)));
  child.once("close", (code) => stream.finish(code === 0 ? undefined : explain(errors(), code)));
  return stream;
}

function hold(child: ChildProcessWithoutNullStreams, alive: boolean): void {
  // Pipes of a child are sockets, which Node's types don't say.
  const handles = [child, child.stdin, child.stdout, child.stderr] as unknown as {
    ref?(): void;
    unref?(): void;
  }[];
  for (const handle of handles) {
    if (alive) handle.ref?.();
    else handle.unref?.();
  }
}

function collect(child: ChildProcessWithoutNullStreams): () => string {
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-4096);
  });
  return () => text;
}

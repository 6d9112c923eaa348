import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { ClusterHost, Endpoint } from "../../../../model/cluster";
import { formatEndpoint } from "../../../../model/cluster";
import { TunnelStream } from "./tunnel-stream";
import { type Way, WayError } from "./way";

/** After the host's own options, of which ssh takes the first: no prompt, and a dead link ends within a minute. */
const FALLBACK_OPTIONS = [
  ...["-o", "BatchMode=yes"],
  ...["-o", "ConnectTimeout=10"],
  ...["-o", "ServerAliveInterval=15"],
  ...["-o", "ServerAliveCountMax=3"],
];

/** The server's ssh daemon connects to the published port for us. */
export function sshWay(host: ClusterHost, endpoint: Endpoint): Way {
  const target = formatEndpoint(endpoint);
  return {
    name: "ssh",
    description: `${describeSsh(host)} to ${target}`,
    open: async () => openSsh(host, ["-W", target], []),
  };
}

/** `ssh deploy@server-a:2222` */
export function describeSsh(host: ClusterHost): string {
  return `ssh ${host.connection.replace(/^ssh:\/\//, "")}`;
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

/** Arguments of ssh up to the host: its own options first, as the first value of an option counts. */
export function sshArguments(host: ClusterHost, options: readonly string[]): string[] {
  const url = new URL(host.connection);
  return [
    ...host.sshOptions,
    ...FALLBACK_OPTIONS,
    ...(url.username === "" ? [] : ["-l", decodeURIComponent(url.username)]),
    ...(url.port === "" ? [] : ["-p", url.port]),
    "-T",
    ...options,
    "--",
    url.hostname.replace(/^\[|\]$/g, ""),
  ];
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

import { request as requestHttp } from "node:http";
import { type RequestOptions, request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import type { ClusterHost } from "../../../../model/cluster";
import { TunnelStream } from "./tunnel-stream";
import { WayError } from "./way";

/** How long the engine may take to answer. In milliseconds. */
const ENGINE_MS = 10_000;

/** Header of a piece of output: its stream, three zeros, its length. */
const HEADER_LENGTH = 8;
const STDOUT = 1;

/**
 * Runs a shell script in a container, with its standard input and output as the stream. By the engine's own API, so
 * that no docker command is needed on this machine, and the key of a TLS connection never touches its disk.
 */
export async function openExec(
  host: ClusterHost,
  container: string,
  script: string,
  env: NodeJS.ProcessEnv,
): Promise<TunnelStream> {
  const engine = engineOf(host, env);
  const created = await post(engine, `/containers/${encodeURIComponent(container)}/exec`, {
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Cmd: ["sh", "-c", script],
  });
  const { Id } = JSON.parse(created) as { Id: string };
  return attach(await upgrade(engine, `/exec/${Id}/start`, { Detach: false, Tty: false }));
}

type Engine = RequestOptions & { readonly secure: boolean };

function engineOf(host: ClusterHost, env: NodeJS.ProcessEnv): Engine {
  if (host.connection.startsWith("unix://")) {
    return { secure: false, socketPath: host.connection.slice("unix://".length), host: "localhost" };
  }
  const url = new URL(host.connection);
  const address = { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port || undefined };
  if (host.tls === undefined) return { secure: false, ...address };
  const [ca, cert, key] = ["ca", "cert", "key"].map((part) => {
    const value = env[`TF_VAR_${host.tls}_${part}`];
    if (!value) throw new WayError(`TF_VAR_${host.tls}_${part} is not set`, false);
    return value;
  });
  return { secure: true, ...address, ca, cert, key };
}

function post(engine: Engine, path: string, body: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = send(engine, path, body, {}, reject);
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        const ok = response.statusCode !== undefined && response.statusCode < 300;
        if (ok) resolve(text);
        else reject(new WayError(`the engine says: ${messageOf(text)}`, false));
      });
    });
  });
}

function upgrade(engine: Engine, path: string, body: unknown): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const request = send(engine, path, body, { Connection: "Upgrade", Upgrade: "tcp" }, reject);
    request.on("upgrade", (_response, socket, head) => {
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.on("response", (response) => {
      response.resume();
      reject(new WayError(`the engine answered ${response.statusCode} to exec`, false));
    });
  });
}

function send(
  { secure, ...engine }: Engine,
  path: string,
  body: unknown,
  headers: Record<string, string>,
  reject: (error: Error) => void,
) {
  const text = JSON.stringify(body);
  const request = (secure ? requestHttps : requestHttp)({
    ...engine,
    path,
    method: "POST",
    timeout: ENGINE_MS,
    headers: { ...headers, "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) },
  });
  request.on("timeout", () =>
    request.destroy(new WayError(`the engine did not answer within ${ENGINE_MS / 1000} s`, false)),
  );
  request.on("error", (error) =>
    reject(error instanceof WayError ? error : new WayError(`no Docker engine: ${error.message}`, false)),
  );
  request.end(text);
  return request;
}

/** Takes standard output and error apart, which share the engine's connection. */
function attach(socket: Socket): TunnelStream {
  const output = new PassThrough();
  let errors = "";
  let pending = Buffer.alloc(0);
  const stream = new TunnelStream({ input: socket, output, close: () => socket.destroy() });
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= HEADER_LENGTH) {
      const end = HEADER_LENGTH + pending.readUInt32BE(4);
      if (pending.length < end) break;
      const content = pending.subarray(HEADER_LENGTH, end);
      if (pending[0] === STDOUT) output.write(content);
      else errors = (errors + content.toString()).slice(-4096);
      pending = pending.subarray(end);
    }
  });
  socket.once("close", () => output.end());
  output.once("end", () => stream.finish(explain(errors)));
  return stream;
}

function explain(errors: string): WayError | undefined {
  const text = errors.trim().split("\n").join("; ");
  return text === "" ? undefined : new WayError(text, text.includes("Connection refused"));
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message: string }).message;
  } catch {
    return text.trim();
  }
}

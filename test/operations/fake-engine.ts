import { mkdtempSync, rmSync } from "node:fs";
import { type IncomingMessage, type Server, createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** What a process in a container does. */
export interface FakeProcess {
  readonly stdout?: string;
  readonly stderr?: string;
  /** @default 0 */
  readonly code?: number;
}

export interface FakeAnswer {
  /** @default 200 */
  readonly status?: number;
  readonly json?: unknown;
  /** Bytes as they are. */
  readonly bytes?: Buffer;
}

/** What a Docker engine has, and does. */
export interface FakeAnswers {
  /** By name: what it says of them, e.g. `{ Config: { Image: "citusdata/citus:13.0.3" } }`. */
  readonly containers?: Readonly<Record<string, object>>;
  /** By name. */
  readonly images?: Readonly<Record<string, object>>;
  exec?(container: string, command: readonly string[], input: string): FakeProcess;
  /** What a container wrote to its standard error. */
  log?(container: string): string;
  /** Before everything else; undefined leaves it to the others. */
  answer?(method: string, path: string): FakeAnswer | undefined;
  /** @default 1.41 and 1.12 */
  readonly versions?: { readonly ApiVersion: string; readonly MinAPIVersion?: string };
  /** How long each answer takes, in milliseconds. @default none */
  readonly delay?: number;
}

/** A Docker engine on a unix socket that says what a test wants. */
export class FakeEngine {
  /** Requests as they came, without the API's version: `GET /containers/a/json`. */
  readonly requests: string[] = [];
  /** Versions of the API in the requests' paths. */
  readonly versions = new Set<string>();
  /** Most requests that were being answered at one time. */
  mostAtOnce = 0;
  connections = 0;

  private now = 0;
  private execs = 0;
  private readonly processes = new Map<string, { container: string; command: string[]; code: number }>();

  private constructor(
    private readonly folder: string,
    private readonly server: Server,
    private readonly answers: FakeAnswers,
  ) {
    server.on("connection", () => (this.connections += 1));
    server.on("upgrade", (request, socket: Duplex) => void this.run(request, socket));
    server.on("request", (request, response) => {
      void this.reply(request).then(({ status = 200, json, bytes }) => {
        response.writeHead(status).end(bytes ?? (json === undefined ? "" : JSON.stringify(json)));
      });
    });
  }

  static async start(answers: FakeAnswers = {}): Promise<FakeEngine> {
    const folder = mkdtempSync(join(tmpdir(), "pg-dist-engine-"));
    const server = createServer();
    const engine = new FakeEngine(folder, server, answers);
    server.listen(join(folder, "docker.sock"));
    await new Promise((resolve) => server.once("listening", resolve));
    return engine;
  }

  get connection(): string {
    return `unix://${join(this.folder, "docker.sock")}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true });
  }

  private async reply(request: IncomingMessage): Promise<FakeAnswer> {
    this.now += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.now);
    const body = await textOf(request);
    await sleep(this.answers.delay ?? 0);
    this.now -= 1;
    const { method, path } = this.note(request);
    return this.answers.answer?.(method, path) ?? this.known(method, path, body);
  }

  private known(method: string, path: string, body: string): FakeAnswer {
    if (path === "/version")
      return { json: this.answers.versions ?? { ApiVersion: "1.41", MinAPIVersion: "1.12" } };
    const [, kind, name = "", rest = ""] = /^\/(containers|images|exec)\/(.+)\/(\w+)$/.exec(path) ?? [];
    if (kind === "exec") {
      const exec = this.processes.get(name);
      return exec === undefined ? missing("exec", name) : { json: { Running: false, ExitCode: exec.code } };
    }
    const found = kind === "images" ? this.answers.images?.[name] : this.answers.containers?.[name];
    if (kind === undefined) return { status: 404, json: { message: `page not found: ${method} ${path}` } };
    if (found === undefined) return missing(kind.slice(0, -1), name);
    if (rest === "json") return { json: kind === "images" ? found : { ...container(name), ...found } };
    if (rest === "logs") return { bytes: frame(2, this.answers.log?.(name) ?? "") };
    if (rest === "changes") return { json: null };
    if (rest !== "exec") return { status: 404, json: { message: `page not found: ${method} ${path}` } };
    const id = `exec${(this.execs += 1)}`;
    const { Cmd } = JSON.parse(body) as { Cmd: string[] };
    this.processes.set(id, { container: name, command: Cmd, code: 0 });
    return { status: 201, json: { Id: id } };
  }

  private async run(request: IncomingMessage, socket: Duplex): Promise<void> {
    const { path } = this.note(request);
    const exec = this.processes.get(/^\/exec\/(\w+)\/start$/.exec(path)?.[1] ?? "");
    if (exec === undefined) return void socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    socket.on("error", () => undefined);
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    // Its input, where it reads one, has come by then.
    let input = "";
    socket.on("data", (chunk: Buffer) => (input += chunk.toString()));
    await sleep(20);
    const {
      stdout = "",
      stderr = "",
      code = 0,
    } = this.answers.exec?.(exec.container, exec.command, input.replace(/^\{.*?\}/, "")) ?? {};
    exec.code = code;
    socket.end(Buffer.concat([frame(1, stdout), frame(2, stderr)]));
  }

  private note({ method = "", url = "" }: IncomingMessage): { method: string; path: string } {
    const [, version, path = ""] = /^(?:\/v([\d.]+))?([^?]*)/.exec(url) ?? [];
    if (version !== undefined) this.versions.add(version);
    this.requests.push(`${method} ${decodeURIComponent(path)}`);
    return { method, path: decodeURIComponent(path) };
  }
}

/** A container that runs and has nothing. */
function container(name: string): object {
  return {
    ...{ Id: name, Name: `/${name}`, RestartCount: 0, Mounts: [] },
    Config: { Image: "", Cmd: null, Env: null, Labels: null },
    State: { Status: "running", Running: true, ExitCode: 0, OOMKilled: false, Error: "" },
    HostConfig: { Memory: 0, NanoCpus: 0 },
    NetworkSettings: { Networks: {}, Ports: {} },
  };
}

function missing(kind: string, name: string): FakeAnswer {
  return { status: 404, json: { message: `No such ${kind}: ${name}` } };
}

/** As the engine sends output of a process without a terminal. */
export function frame(stream: 1 | 2, text: string): Buffer {
  const content = Buffer.from(text);
  if (content.length === 0) return content;
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

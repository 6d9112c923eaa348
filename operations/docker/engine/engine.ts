import { Agent, type IncomingMessage } from "node:http";
import { Deadline } from "../../base/deadline";
import type { Caller } from "../../base/caller/caller";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ClusterHost } from "../../../model/cluster";
import { describeDocker } from "../describe-docker";
import { isAboutHostKey, trustHostKey } from "../trust-host-key";
import { type Dial, dialerOf } from "./dial";
import { EngineError, type EngineErrorCode, EngineFailure } from "./engine-failure";
import { type Answer, exchange } from "./exchange";
import { explainSocketError } from "./explain-socket-error";

/** How long one request may take, a stop with its grace included. In milliseconds. */
const REQUEST_MS = 180_000;

/** How long an engine may take to answer at all. In milliseconds. */
export const ANSWER_MS = 30_000;

/**
 * How many requests one Docker host is given at once: by ssh each may be a login, and sshd refuses some as soon as ten wait
 * for their end (MaxStartups 10:30:100). Others log in too.
 */
export const REQUESTS_AT_ONCE = 4;

/** The version of the API that this client speaks: that of Docker 20.10, the oldest that works. */
const SPOKEN = "1.41";

/** Where the API has a container, or a part of it: `/containers/citus-worker1/logs`. */
export function containerPath(container: string, part?: string): string {
  return ["/containers", encodeURIComponent(container), ...(part === undefined ? [] : [part])].join("/");
}

export interface EngineRequest {
  /** As the docker command calls it, for messages: `container inspect`. */
  readonly operation: string;
  /** @default "GET" */
  readonly method?: "GET" | "HEAD" | "POST" | "DELETE";
  /** Without the version, e.g. `/info`. */
  readonly path: string;
  /** Those that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** In milliseconds. @default 3 minutes */
  readonly timeout?: number;
}

/** What an engine says of itself. */
export interface EngineVersion {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
}

/**
 * The Docker engine of a host of the environment, by its HTTP API: at its socket, its TCP port, or through ssh. Takes no
 * docker command on this machine. Connections are kept and used again until `close`.
 */
export class Engine {
  private agent?: Agent;
  private readonly dial: Dial | EngineError;
  private version?: Promise<EngineVersion>;

  /** @param caller with the TLS material, and the variables of ssh */
  constructor(
    readonly host: ClusterHost,
    readonly caller: Caller,
  ) {
    try {
      this.dial = dialerOf(host, caller);
    } catch (error) {
      // Who only describes a command line needs no connection.
      this.dial = error as EngineError;
    }
  }

  get id(): string {
    return this.host.id;
  }

  /** A docker command line for a person. */
  describe(args: readonly string[]): string {
    return describeDocker(this.host, args);
  }

  /** @throws EngineFailure when the engine doesn't answer */
  async check(timeout = ANSWER_MS): Promise<void> {
    await this.explained("version", () => this.readVersion(timeout));
  }

  /** @throws EngineFailure */
  async json<Json>(request: EngineRequest): Promise<Json> {
    const text = (await this.bytes(request)).toString("utf8");
    return (text === "" ? undefined : JSON.parse(text)) as Json;
  }

  /**
   * The whole answer.
   *
   * @throws EngineFailure
   */
  async bytes(request: EngineRequest): Promise<Buffer> {
    return this.explained(request.operation, async () => {
      const { response } = await this.send(request, { whole: true });
      return readAll(response);
    });
  }

  /**
   * The answer as it comes, by a connection of its own; `timeout` is for its beginning.
   *
   * @throws EngineFailure where it doesn't begin
   */
  async stream(request: EngineRequest): Promise<IncomingMessage> {
    return this.explained(
      request.operation,
      async () => (await this.send(request, { connection: this.dialed() })).response,
    );
  }

  /**
   * Turns the request's connection into a stream of bytes to what runs in a container.
   *
   * @throws EngineFailure
   */
  async attach(request: EngineRequest): Promise<Duplex> {
    return this.explained(request.operation, async () => {
      const headers = { Connection: "Upgrade", Upgrade: "tcp" };
      const answer = await this.exchange({ method: "POST", ...request, headers });
      if (answer.upgraded !== undefined) return answer.upgraded;
      await requireSuccess(answer.response);
      answer.response.destroy();
      throw new EngineError(
        "failed",
        `the engine answered ${answer.response.statusCode ?? "nothing"} instead of a stream`,
      );
    });
  }

  /** Of a request that failed. */
  failure(operation: string, error: unknown): EngineFailure {
    if (error instanceof EngineFailure) return error;
    const { code, message, cause } = explainSocketError(error, this.host);
    const summary = `${this.id}: docker ${operation}: ${message}`;
    return new EngineFailure(code, summary, remedyFor(this.host, code, message), message, { cause });
  }

  /** Ends the connections that are kept. */
  close(): void {
    this.agent?.destroy();
    this.agent = undefined;
  }

  private async explained<Result>(operation: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw this.failure(operation, error);
    }
  }

  private async send(
    request: EngineRequest,
    options: { readonly whole?: boolean; readonly connection?: Dial },
  ): Promise<{ response: IncomingMessage }> {
    const answer = await this.exchange(request, options);
    if (answer.upgraded !== undefined) {
      answer.upgraded.destroy();
      throw new EngineError("failed", "the engine sent a stream instead of an answer");
    }
    await requireSuccess(answer.response);
    return answer;
  }

  private async exchange(
    { method = "GET", path, query = {}, body, headers, timeout = REQUEST_MS }: EngineRequest,
    { whole, connection }: { readonly whole?: boolean; readonly connection?: Dial } = {},
  ): Promise<Answer> {
    const deadline = Deadline.in(timeout);
    const version = spokenWith(await this.readVersion(timeout));
    const parameters = new URLSearchParams(
      Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)] as [string, string]],
      ),
    );
    return exchange({
      ...{ method, body, headers, whole },
      path: `/v${version}${path}${parameters.size === 0 ? "" : `?${parameters.toString()}`}`,
      connection: connection ?? this.kept(),
      timeout: deadline.left(),
    });
  }

  /** Asked once. */
  private async readVersion(timeout: number): Promise<EngineVersion> {
    this.version ??= askVersion(this.kept(), timeout);
    try {
      return await this.version;
    } catch (error) {
      this.version = undefined;
      throw error;
    }
  }

  private kept(): Agent {
    this.agent ??= new DialingAgent(this.dialed());
    return this.agent;
  }

  private dialed(): Dial {
    if (this.dial instanceof EngineError) throw this.dial;
    return this.dial;
  }
}

function remedyFor(host: ClusterHost, code: EngineErrorCode, said: string): string {
  if (code === "ssh-missing") return "install the OpenSSH client";
  if (code === "tls-material")
    return `set ${said.split(" ", 1).join()}, as for Terraform, to the text of the PEM file`;
  if (isAboutHostKey(code)) return trustHostKey(host, said);
  return `check that \`${describeDocker(host, ["ps"])}\` works`;
}

/** Keeps connections of any kind. */
class DialingAgent extends Agent {
  constructor(private readonly dial: Dial) {
    super({ keepAlive: true, maxSockets: REQUESTS_AT_ONCE });
  }

  createConnection(): Socket {
    return this.dial() as Socket;
  }
}

async function askVersion(connection: Agent, timeout: number): Promise<EngineVersion> {
  const answer = await exchange({ method: "GET", path: "/version", connection, timeout, whole: true });
  if (answer.upgraded !== undefined) throw new EngineError("failed", "what answers is not a Docker engine");
  await requireSuccess(answer.response);
  return JSON.parse((await readAll(answer.response)).toString("utf8")) as EngineVersion;
}

/** The spoken one, unless a newer engine has dropped it, or an older one doesn't have it yet. */
function spokenWith({ ApiVersion, MinAPIVersion = SPOKEN }: EngineVersion): string {
  if (isOlder(SPOKEN, MinAPIVersion)) return MinAPIVersion;
  return isOlder(ApiVersion, SPOKEN) ? ApiVersion : SPOKEN;
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, "en", { numeric: true }) < 0;
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function requireSuccess(response: IncomingMessage): Promise<void> {
  const status = response.statusCode ?? 0;
  // 304: it was started or stopped already.
  if (status < 300 || status === 304) return;
  const text = (await readAll(response)).toString("utf8");
  throw new EngineError(codeOfStatus(status), messageIn(text) || `the engine answered ${status}`);
}

function codeOfStatus(status: number): EngineErrorCode {
  if (status === 404) return "not-found";
  if (status === 409) return "conflict";
  if (status === 501) return "unsupported";
  return status < 500 ? "refused" : "engine-error";
}

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { readonly message?: string }).message ?? text.trim();
  } catch {
    return text.trim();
  }
}

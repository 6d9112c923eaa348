import http from "node:http";
import { connectionPool, type DockerAddress } from "./docker-connection";

/** The newest API that is asked for; an older engine is spoken to in its own version. */
const NEWEST_API = "1.47";

/** An error that the Docker engine answered with. */
export class DockerError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(`Error response from daemon: ${message}`);
  }
}

export interface DockerRequest {
  query?: Record<string, string | number | boolean>;
  /** Sent as JSON, or as a tar archive when it is a buffer. */
  body?: object | Buffer;
  headers?: Record<string, string>;
}

/** Whether API version `a` ("1.41") is at least `b`. */
export function apiAtLeast(a: string, b: string): boolean {
  return Number(a.split(".")[1]) >= Number(b.split(".")[1]);
}

/** A Docker engine's HTTP API. */
export class DockerEngine {
  readonly #pool: http.Agent;

  private constructor(
    readonly address: DockerAddress,
    readonly apiVersion: string,
    readonly deadline?: { signal: AbortSignal; text: string },
  ) {
    this.#pool = connectionPool(address);
  }

  /**
   * Asks the engine for its API version and agrees on one. An engine that doesn't answer is an error, or, without
   * `check`, left for the first request to find out.
   */
  static async connect(address: DockerAddress, check: boolean): Promise<DockerEngine> {
    const engine = new DockerEngine(address, NEWEST_API);
    try {
      const offered = String((await engine.#exchange("GET", "/_ping", {})).headers["api-version"]);
      return apiAtLeast(offered, NEWEST_API) ? engine : new DockerEngine(address, offered);
    } catch (error) {
      if (!check) return engine;
      throw new Error(
        `Error pinging Docker server at ${address.host}: is it reachable? ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  /** The same engine; requests fail once `ms` have passed, with `text` saying what ran out. */
  within(ms: number, text: string): DockerEngine {
    return new DockerEngine(this.address, this.apiVersion, { signal: AbortSignal.timeout(ms), text });
  }

  /** The JSON answer to a request. @throws DockerError with the engine's own message. */
  async request<Answer>(method: string, path: string, request: DockerRequest = {}): Promise<Answer> {
    const body = await this.text(method, path, request);
    return (body ? JSON.parse(body) : undefined) as Answer;
  }

  async text(method: string, path: string, request: DockerRequest = {}): Promise<string> {
    return (await this.bytes(method, path, request)).toString();
  }

  async bytes(method: string, path: string, request: DockerRequest = {}): Promise<Buffer> {
    const { status, body } = await this.#exchange(method, `/v${this.apiVersion}${path}`, request);
    if (status >= 400) throw new DockerError(status, errorMessage(body.toString()));
    return body;
  }

  /** The answer, or undefined when the engine says that there is no such object. */
  async find<Answer>(path: string): Promise<Answer | undefined> {
    try {
      return await this.request<Answer>("GET", path);
    } catch (error) {
      if (error instanceof DockerError && error.status === 404) return undefined;
      throw error;
    }
  }

  #exchange(method: string, path: string, request: DockerRequest) {
    const query = Object.entries(request.query ?? {}).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    const tar = Buffer.isBuffer(request.body);
    const body = tar
      ? (request.body as Buffer)
      : request.body
        ? Buffer.from(JSON.stringify(request.body))
        : undefined;
    const options: http.RequestOptions = {
      method,
      path: query.length > 0 ? `${path}?${new URLSearchParams(query)}` : path,
      agent: this.#pool,
      headers: {
        host: "docker",
        ...(body ? { "content-type": tar ? "application/x-tar" : "application/json" } : {}),
        "content-length": body?.length ?? 0,
        ...request.headers,
      },
      ...(this.deadline ? { signal: this.deadline.signal } : {}),
    };
    return new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }>(
      (resolve, reject) => {
        const fail = (error: Error) => {
          if (this.deadline?.signal.aborted) reject(new Error(this.deadline.text));
          else reject(new Error(`Cannot reach the Docker engine at ${this.address.host}: ${error.message}`));
        };
        const sent = http.request(options, (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("error", fail);
          answer.on("end", () =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
          );
        });
        sent.on("error", fail);
        sent.end(body);
      },
    );
  }
}

function errorMessage(body: string): string {
  try {
    return (JSON.parse(body) as { message: string }).message;
  } catch {
    return body.trim();
  }
}

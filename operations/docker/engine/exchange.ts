import { type Agent, type ClientRequestArgs, type IncomingMessage, request as requestHttp } from "node:http";
import type { Duplex } from "node:stream";
import { EngineError } from "./engine-failure";

export interface Exchange {
  readonly method: "GET" | "HEAD" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the connections that may be used again, else a connection of its own. */
  readonly connection: Agent | (() => Duplex);
  /** How long the answer may take to begin, and with `whole` to end. In milliseconds. */
  readonly timeout: number;
  /** @default false */
  readonly whole?: boolean;
}

export type Answer =
  | { readonly response: IncomingMessage; readonly upgraded?: undefined }
  /** The connection has become a stream of bytes. */
  | { readonly upgraded: Duplex };

/**
 * One request to an engine.
 *
 * @throws EngineError `timeout`, or the error of the connection
 */
export async function exchange(request: Exchange): Promise<Answer> {
  try {
    return await send(request);
  } catch (error) {
    // A connection that was kept may have been closed meanwhile; nothing is lost by asking again.
    if (error instanceof Stale && (request.method === "GET" || request.method === "HEAD"))
      return send(request);
    throw error instanceof Stale ? error.cause : error;
  }
}

/** The connection had been used before, and failed without an answer. */
class Stale extends Error {}

function send({ method, path, body, headers, connection, timeout, whole }: Exchange): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options: ClientRequestArgs = {
    ...(typeof connection === "function"
      ? { createConnection: () => connection() as never }
      : { agent: connection }),
    // Names the pool of connections, and the engine takes any.
    host: "docker",
    method,
    path,
    headers: {
      ...headers,
      ...(text === undefined
        ? // Without it some engines wait for the body of a POST.
          method === "POST" && { "Content-Length": 0 }
        : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }),
    },
  };
  return new Promise((resolve, reject) => {
    let answer: IncomingMessage | undefined;
    const request = requestHttp(options);
    const timer = setTimeout(
      () => (answer ?? request).destroy(new EngineError("timeout", "no answer in time")),
      Math.max(1, timeout),
    );
    request.on("response", (response) => {
      answer = response;
      if (whole === true) response.once("close", () => clearTimeout(timer));
      else clearTimeout(timer);
      resolve({ response });
    });
    request.on("upgrade", (_response, socket, head) => {
      clearTimeout(timer);
      if (head.length > 0) socket.unshift(head);
      resolve({ upgraded: socket });
    });
    request.on("error", (error) => {
      clearTimeout(timer);
      const stale = request.reusedSocket && !(error instanceof EngineError && error.code === "timeout");
      reject(stale ? new Stale("", { cause: error }) : error);
    });
    request.end(text);
  });
}

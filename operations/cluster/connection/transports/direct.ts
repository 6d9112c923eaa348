import { connect, type Socket } from "node:net";
import type { Endpoint } from "../../../../model/cluster";
import { formatEndpoint } from "../../../../model/cluster";
import { type Transport, TransportError } from "./transport";

/** A published port that doesn't answer within this is behind a firewall. In milliseconds. */
const PROBE_MS = 3000;

/** While nothing is on its way, a dead link is noticed after about 20 s: Node then probes ten times, once a second. */
const KEEPALIVE_MS = 10_000;

/** While something is on its way the kernel would go on for a quarter of an hour; so is the port still there? */
const WATCH_MS = 10_000;
const WATCH_FAILURES = 3;

/** TCP to the published port. */
export function directTransport(endpoint: Endpoint): Transport {
  const description = formatEndpoint(endpoint);
  return {
    name: "direct",
    description,
    open: async () => {
      const socket = await open(endpoint);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEPALIVE_MS);
      watch(socket, endpoint);
      return socket;
    },
  };
}

function open(endpoint: Endpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: endpoint.host, port: endpoint.port });
    const timer = setTimeout(
      () => socket.destroy(new TransportError(`no answer within ${PROBE_MS / 1000} s`, false)),
      PROBE_MS,
    );
    const fail = (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(error instanceof TransportError ? error : explain(error, endpoint));
    };
    socket.once("error", fail);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

/** Gives a connection up whose port can't be reached any more. A connection to it and nothing else leaves no log line. */
function watch(socket: Socket, endpoint: Endpoint): void {
  let failures = 0;
  const timer = setInterval(() => {
    open(endpoint).then(
      (probe) => {
        failures = 0;
        probe.destroy();
      },
      (error: Error) => {
        failures += 1;
        if (failures >= WATCH_FAILURES)
          socket.destroy(new TransportError(`the link is gone: ${error.message}`, false));
      },
    );
  }, WATCH_MS);
  timer.unref();
  socket.once("close", () => clearInterval(timer));
}

function explain(error: NodeJS.ErrnoException, endpoint: Endpoint): TransportError {
  // A name with several addresses fails with one error per address and no message of its own.
  const code = error.code ?? (error as { errors?: NodeJS.ErrnoException[] }).errors?.[0]?.code;
  switch (code) {
    case "ECONNREFUSED":
      return new TransportError("connection refused", true);
    case "ECONNRESET":
      return new TransportError("connection reset", true);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new TransportError(`the name ${endpoint.host} does not resolve on this machine`, false);
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return new TransportError(`no route to ${endpoint.host}`, false);
    default:
      return new TransportError(error.message || String(code), false);
  }
}

import { type Socket, connect as connectTcp } from "node:net";
import { TLS_PARTS, tlsVariable } from "../../base/caller/credentials";
import type { Caller } from "../../base/caller/caller";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { ClusterHost } from "../../../model/cluster";
import { openSsh } from "../open-ssh";
import { EngineError } from "./engine-failure";
import { explainSsh } from "./explain-ssh";

/** Opens a connection to an engine. What goes wrong is the stream's error. */
export type Dial = () => Duplex;

/** Silence after which a TCP connection is tried. In milliseconds. */
const KEEPALIVE_MS = 30_000;

/** As in Terraform's provider: the engine's socket as the standard streams of a command on its server. */
const DIAL_STDIO = ["docker", "system", "dial-stdio"];

/**
 * How an engine is reached: at its socket, at its TCP port, there by TLS where the environment says so, or by ssh. TLS takes
 * certificate and key from Terraform's variables and keeps them in memory only.
 *
 * @throws EngineError where such a variable is missing
 */
export function dialerOf(host: ClusterHost, { env, credentials }: Caller): Dial {
  if (host.connection.startsWith("ssh://")) {
    return () =>
      openSsh(host, {
        command: DIAL_STDIO,
        env,
        cannotRun: (error) => new EngineError("ssh-missing", `can't run ssh: ${error.message}`),
        explain: explainSsh,
      });
  }
  if (host.connection.startsWith("unix://")) {
    const path = host.connection.slice("unix://".length);
    return () => connectTcp({ path });
  }
  const { hostname, port } = new URL(host.connection);
  const address = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) };
  if (host.tls === undefined) return () => kept(connectTcp(address));
  const prefix = host.tls;
  const [ca, cert, key] = TLS_PARTS.map((part) => {
    const pem = credentials.tls(prefix, part);
    if (pem === undefined) throw new EngineError("tls-material", `${tlsVariable(prefix, part)} is not set`);
    return pem;
  });
  return () => kept(connectTls({ ...address, ca, cert, key }));
}

/** A log that is followed may be silent for long, and must not wait for ever for a server that has gone. */
function kept(socket: Socket): Socket {
  return socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
}

import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";

/** A second way to the local Docker engine: a loopback port, with TLS if `options` are given. */
export interface DockerForwarder {
  port: number;
  /** Connections so far. */
  connections(): number;
  close(): Promise<void>;
}

export async function forwardToDocker(
  socketPath: string,
  options?: tls.TlsOptions,
): Promise<DockerForwarder> {
  let connections = 0;
  const open = new Set<net.Socket>();
  const forward = (client: net.Socket) => {
    connections += 1;
    const engine = net.connect(socketPath);
    for (const [socket, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      open.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => open.delete(socket));
      socket.pipe(other);
    }
  };
  const server = options ? tls.createServer(options, forward) : net.createServer(forward);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    connections: () => connections,
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

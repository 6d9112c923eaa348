import { once } from "node:events";
import { type AddressInfo, type Server, createServer } from "node:net";
import { pipeline } from "node:stream";
import type { Transport } from "../../cluster/connection/transports/transport";

/** A port of this machine's loopback that leads to a server by a transport. */
export interface LocalPort {
  readonly port: number;
  close(): void;
}

/** Opens it: each connection to the port opens the transport once, so that psql can also reconnect and cancel. */
export async function openLocalPort(transport: Transport): Promise<LocalPort> {
  const sockets = new Set<{ destroy(): void }>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    transport.open().then(
      (stream) => {
        stream.on("error", () => undefined);
        // psql reports a lost connection itself.
        pipeline(socket, stream, () => stream.destroy());
        pipeline(stream, socket, () => socket.destroy());
      },
      () => socket.destroy(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

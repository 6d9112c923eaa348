import { once } from "node:events";
import { type AddressInfo, type Server, createServer } from "node:net";
import { pipeline } from "node:stream";
import type { Way } from "../../cluster/connection/transports/way";

/** A port of this machine's loopback that leads to a server by a way. */
export interface LocalPort {
  readonly port: number;
  close(): void;
}

/** Opens it: each connection to the port opens the way once, so that psql can also reconnect and cancel. */
export async function openLocalPort(way: Way): Promise<LocalPort> {
  const sockets = new Set<{ destroy(): void }>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    way.open().then(
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

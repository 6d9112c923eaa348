import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

/** Ports of this machine that lead to others, with a delay on the way there and back. */
export class DelayedPorts {
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();

  /** @param delayMs for each direction */
  constructor(private readonly delayMs: number) {}

  /** @returns the port that leads to `target`, on the address `bind` */
  async open(bind: string, target: { host: string; port: number }): Promise<number> {
    const server = createServer((socket) => {
      const onward = connect(target);
      this.join(socket, onward);
      this.join(onward, socket);
    });
    this.servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, bind, resolve));
    return (server.address() as AddressInfo).port;
  }

  close(): void {
    for (const server of this.servers) server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.setNoDelay(true);
    from.on("data", (chunk: Buffer) => setTimeout(() => to.write(chunk), this.delayMs));
    from.on("error", () => undefined);
    from.on("close", () => {
      this.sockets.delete(from);
      setTimeout(() => to.destroy(), this.delayMs);
    });
  }
}

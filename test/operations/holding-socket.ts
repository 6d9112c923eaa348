import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LOCAL_SOCKET } from "../../testbed/engine";

/**
 * A socket that leads to the local engine and holds back its first answer to one kind of request: the engine has done it,
 * and whoever asked can't know. What comes later passes.
 */
export class HoldingSocket {
  private readonly sockets = new Set<Socket>();
  private readonly folder = mkdtempSync(join(tmpdir(), "pg-dist-holding-"));
  private readonly server: Server;
  private asked = false;
  private answered = false;

  private constructor(private readonly request: RegExp) {
    // Half-closed connections pass as such: the input of `docker exec` ends before its output does.
    const halfClosed = { allowHalfOpen: true };
    this.server = createServer(halfClosed, (client) =>
      this.lead(client, connect({ path: LOCAL_SOCKET, ...halfClosed })),
    );
  }

  /** @param request the beginning of an HTTP request */
  static async open(request: RegExp): Promise<HoldingSocket> {
    const socket = new HoldingSocket(request);
    await new Promise<void>((resolve) => socket.server.listen(socket.path, resolve));
    return socket;
  }

  get path(): string {
    return join(this.folder, "docker.sock");
  }

  /** Whether the engine has answered, and the answer is held back. */
  get holds(): boolean {
    return this.answered;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private lead(client: Socket, engine: Socket): void {
    let holding = false;
    client.on("data", (chunk: Buffer) => {
      if (!this.asked && this.request.test(chunk.toString("latin1"))) this.asked = holding = true;
      engine.write(chunk);
    });
    engine.on("data", (chunk: Buffer) => {
      if (holding) this.answered = true;
      else client.write(chunk);
    });
    for (const [one, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      this.sockets.add(one);
      one.on("error", () => undefined);
      one.on("end", () => other.end());
      one.on("close", () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
  }
}

import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, type Server, createServer } from "node:net";
import { expect, it } from "vitest";
import { connectTo } from "../../operations/connect";
import { directWay } from "../../operations/ways/direct";

/** As an sshd does, it speaks first. */
const sshListener = () =>
  createServer((socket) => socket.on("error", () => undefined).write("SSH-2.0-x\r\n"));

it.each<[string, () => Server]>([
  ["an HTTP server", () => createHttpServer()],
  ["an ssh server", sshListener],
])("a port with %s is not PostgreSQL's", async (_name, create) => {
  const server = create().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    const connecting = connectTo(
      {
        label: "the server",
        ways: [directWay({ host: "127.0.0.1", port })],
        ...{ user: "postgres", database: "postgres", password: "x" },
      },
      { command: "test", progress: () => undefined, patience: 0 },
    );
    await expect(connecting).rejects.toThrow(
      /^the server can't be reached: what listens there is not PostgreSQL \(.*\) \(127\.0\.0\.1:\d+\)/,
    );
  } finally {
    server.close();
  }
});

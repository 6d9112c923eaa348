import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, type Server, createServer } from "node:net";
import { describe, expect, it } from "vitest";
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

describe("a server that asks for the password itself", () => {
  /** Speaks enough of PostgreSQL's protocol, without TLS, and notes what it is sent after its question. */
  async function asking(question: Buffer, work: (port: number, received: string[]) => Promise<void>) {
    const received: string[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (first) => {
        // A request for TLS, after which the client comes again without.
        if (first.length === 8) return void socket.end("N");
        socket.write(question);
        socket.on("data", (data) => {
          received.push(data.toString("latin1"));
          socket.end();
        });
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      await work((server.address() as AddressInfo).port, received);
    } finally {
      server.close();
    }
  }

  const authentication = (code: number, salt: readonly number[] = []) =>
    Buffer.from([0x52, 0, 0, 0, 8 + salt.length, 0, 0, 0, code, ...salt]);
  const SECRET = "made-up-here";
  const connecting = (port: number, declared: boolean) =>
    connectTo(
      {
        ...{ label: "the server", user: "postgres", database: "postgres", password: SECRET, declared },
        ways: [directWay({ host: "127.0.0.1", port })],
      },
      { command: "test", progress: () => undefined, patience: 0, limit: 3000 },
    );

  it.each([
    ["clear text", authentication(3)],
    ["MD5", authentication(5, [1, 2, 3, 4])],
  ])(
    "as %s doesn't get it where an environment declares the node: it may be another machine",
    async (method, question) => {
      await asking(question, async (port, received) => {
        await expect(connecting(port, true)).rejects.toThrow(
          new RegExp(
            `asks for the password as ${method} and not by SCRAM: it was not sent: another server has this address`,
          ),
        );
        expect(received).toEqual([]);
      });
    },
  );

  it("gets it where only its address was given, as from libpq", async () => {
    await asking(authentication(3), async (port, received) => {
      await expect(connecting(port, false)).rejects.toThrow();
      expect(received.join("")).toContain(SECRET);
    });
  });
});

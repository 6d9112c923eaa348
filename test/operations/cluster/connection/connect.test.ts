import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, type Server, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { connectTo } from "../../../../operations/cluster/connection/connect";
import { directTransport } from "../../../../operations/cluster/connection/transports/direct";
import { READY, authentication, withFakeServer } from "../../../fixtures/fake-server";

/** As an sshd does, it speaks first. */
const sshListener = () =>
  createServer((socket) => socket.on("error", () => undefined).write("SSH-2.0-x\r\n"));

const PASSWORD = { value: "x", source: "PGPASSWORD" };

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
        transports: [directTransport({ host: "127.0.0.1", port })],
        ...{ user: "postgres", database: "postgres", password: PASSWORD },
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

describe("a server that doesn't prove that it knows the password", () => {
  const SECRET = "made-up-here";
  const connecting = (port: number, declared: boolean) =>
    connectTo(
      {
        ...{
          label: "the server",
          user: "postgres",
          database: "postgres",
          password: { value: SECRET, source: "PGPASSWORD" },
          declared,
        },
        transports: [directTransport({ host: "127.0.0.1", port })],
      },
      { command: "test", progress: () => undefined, patience: 0, limit: 3000 },
    );

  it.each([
    ["asks for it as clear text", authentication(3)],
    ["asks for it as MD5", authentication(5, [1, 2, 3, 4])],
  ])(
    "and %s doesn't get it where an environment declares the node: it may be another machine",
    async (_, asks) => {
      await withFakeServer(asks, async (port, received) => {
        await expect(connecting(port, true)).rejects.toThrow(
          /asks for the password as (clear text|MD5) instead of SCRAM: it was not sent: another server answers at this address/,
        );
        expect(received).toEqual([]);
      });
    },
  );

  it("and asks for nothing is not taken for the node", async () => {
    await withFakeServer(Buffer.concat([authentication(0), READY]), async (port, received) => {
      await expect(connecting(port, true)).rejects.toThrow(
        /asks for no password.*another server answers at this address/,
      );
      expect(received).toEqual([]);
      await (await connecting(port, false)).end();
    });
  });

  it("gets it where only its address was given, as from libpq", async () => {
    await withFakeServer(authentication(3), async (port, received) => {
      await expect(connecting(port, false)).rejects.toThrow();
      expect(received.join("")).toContain(SECRET);
    });
  });
});

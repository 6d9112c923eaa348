import { type AddressInfo, createServer } from "node:net";
import { callerOf } from "../../../../operations/base/caller/caller";
import { describe, expect, it } from "vitest";
import { findTarget, openTarget } from "../../../../operations/cli/target";
import { connect } from "../../../../operations/cluster/connection/connect";
import { inspectCoordinator } from "../../../../operations/observe/doctor/inspect-coordinator";
import { directTransport } from "../../../../operations/cluster/connection/transports/direct";
import { someCluster } from "../../../fixtures/some-cluster";
import { told } from "../../../fixtures/told";
import { type Failure } from "../../../../operations/base/failure";

/** A port of this machine at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server that refuses every client with this error, as PostgreSQL does. */
async function refusing<Result>(sqlState: string, work: (port: number) => Promise<Result>): Promise<Result> {
  const fields = ["SFATAL", "VFATAL", `C${sqlState}`, "Mrefused"].map((field) => `${field}\0`).join("");
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (request) => {
      // The request for TLS is eight bytes, and is answered by one.
      if (request.length === 8) return socket.write("N");
      const length = Buffer.alloc(4);
      length.writeInt32BE(4 + fields.length + 1);
      return socket.end(Buffer.concat([Buffer.from("E"), length, Buffer.from(`${fields}\0`)]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

const byAddress = (port: number) => {
  const url = `postgres://app@127.0.0.1:${port}/shop`;
  return openTarget(
    findTarget(undefined, { timeout: 5, url }, callerOf({ PGPASSWORD: "x" })),
    "status",
    "read",
  );
};

describe("a coordinator that can't be connected to", () => {
  it("by its address: nothing is known of a container", async () => {
    const failure = await byAddress(await closedPort()).catch((error: unknown) => error as Failure);
    expect(told(failure)).toMatchObject({
      remedy:
        "check that the server is running and listens at this address, and no firewall blocks it; then run it again",
    });
  });

  it.each([
    ["28P01", "give the password of this user there: PGPASSWORD, or its line in .pgpass"],
    ["3D000", "name a database that exists"],
    [
      "53300",
      "disconnect clients of that server (a restart disconnects all), or raise max_connections (a start-up setting)",
    ],
  ])(
    "by its address, which answers %s: neither of a volume, nor of Terraform's variable",
    async (state, remedy) => {
      await refusing(state, (port) => expect(byAddress(port)).rejects.toMatchObject({ remedy }));
    },
  );

  it("is connected to again by who is a person, and by an apply where Terraform reads", async () => {
    const port = await closedPort();
    const cluster = someCluster({}, { published: { ip: "127.0.0.1", port } });
    const caller = callerOf({ PGDIST_VIA: "direct", TF_VAR_postgres_password: "x" });
    const target = {
      ...findTarget("local", { timeout: 5 }, caller),
      transports: [directTransport({ host: "127.0.0.1", port })],
    };
    const { connection } = await inspectCoordinator(target);
    expect(told(connection)).toMatchObject({
      remedy: expect.stringMatching(/container.*; then run it again$/) as string,
    });
    const options = { command: "register", progress: () => undefined, patience: 0, caller };
    const failure = await connect(cluster, options).catch((error: unknown) => error as Failure);
    expect(told(failure, "terraform")).toMatchObject({
      remedy: expect.stringMatching(/container.*; then apply again$/) as string,
    });
  });
});

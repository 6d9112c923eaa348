import { expect, test } from "vitest";
import { type Caller, callerOf } from "../../../../../operations/base/caller/caller";
import type { Cluster } from "../../../../../model/cluster";
import { describeCluster } from "../../../../../model/cluster";
import { chooseTransports } from "../../../../../operations/cluster/connection/transports/choose-transports";
import { sshArguments } from "../../../../../operations/docker/ssh";

function clusterOn(connection: string, host: object = {}): Cluster {
  return describeCluster({
    name: "test",
    hosts: { a: { connection, sshOptions: ["-o", "ConnectTimeout=3"], ...host } },
    coordinator: { host: "a" },
  });
}

const transportsOf = (cluster: Cluster, env = {}) =>
  chooseTransports(cluster, callerOf(env)).map((transport) => `${transport.name} ${transport.description}`);

test.each([
  [
    "the local engine",
    "unix:///var/run/docker.sock",
    {},
    ["direct 127.0.0.1:5432", "exec docker exec citus-coordinator"],
  ],
  [
    "a server",
    "ssh://deploy@a.example",
    { address: "10.0.0.1" },
    [
      "direct 10.0.0.1:5432",
      "ssh ssh deploy@a.example to 10.0.0.1:5432",
      "exec ssh deploy@a.example: docker exec citus-coordinator",
    ],
  ],
  [
    "a server's loopback, which is never this machine's",
    "ssh://a.example",
    {},
    ["ssh ssh a.example to 127.0.0.1:5432", "exec ssh a.example: docker exec citus-coordinator"],
  ],
  [
    "all of a server's addresses",
    "ssh://a.example",
    { address: "a.internal", bindAddress: "0.0.0.0" },
    [
      "direct a.internal:5432",
      "ssh ssh a.example to 127.0.0.1:5432",
      "exec ssh a.example: docker exec citus-coordinator",
    ],
  ],
  ["an engine's TLS port", "tcp://a.example:2376", {}, ["exec docker exec citus-coordinator"]],
])("%s", (_where, connection, host, transports) => {
  expect(transportsOf(clusterOn(connection, host))).toEqual(transports);
});

test("PGDIST_VIA leaves one transport, and says which there are", () => {
  const cluster = clusterOn("ssh://a.example", { address: "10.0.0.1" });
  expect(transportsOf(cluster, { PGDIST_VIA: "exec" })).toHaveLength(1);
  expect(() => chooseTransports(cluster, callerOf({ PGDIST_VIA: "vpn" }))).toThrow(
    /^PGDIST_VIA=vpn can't be used for /,
  );
});

test("one that the node doesn't have is refused by the name of what chose it, with those that it has", () => {
  const cluster = clusterOn("tcp://a.example:2376", {});
  const refusal = (caller: Caller) => {
    try {
      return chooseTransports(cluster, caller);
    } catch (error) {
      return error;
    }
  };
  const id = "a/coordinator";
  expect(refusal(callerOf({ PGDIST_VIA: "ssh" }))).toMatchObject({
    summary: `PGDIST_VIA=ssh can't be used for ${id}`,
    remedy: "unset it, or use one of: exec",
  });
  expect(refusal({ ...callerOf({}), via: { name: "ssh", by: "--via" } })).toMatchObject({
    summary: `--via ssh can't be used for ${id}`,
    remedy: "leave it out, or use one of: exec",
  });
});

test("ssh gets the host's own options first, then ours, and never asks", () => {
  const [host] = clusterOn("ssh://deploy@a.example:2222").hosts;
  const args = sshArguments(host as Cluster["hosts"][number], ["-W", "x:1"]).join(" ");
  expect(args).toMatch(
    /^-o ConnectTimeout=3 .*-o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=10 /,
  );
  expect(args).toMatch(/-l deploy -p 2222 -T -W x:1 -- a\.example$/);
});

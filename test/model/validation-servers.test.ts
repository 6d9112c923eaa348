import { describe, expect, it } from "vitest";
import type { DockerHostOptions, Environment } from "../../model/environment";
import { problemsOf, refused, withHost } from "./refused";
import { clusterOf, minimal, server } from "./samples";

/** Servers `a` and `b` with these options. */
function servers(a: Partial<DockerHostOptions>, b: Partial<DockerHostOptions> = {}): Environment {
  return clusterOf({ b: 1 }, { hosts: { a: server(1, a), b: server(2, b) } });
}

describe("one server under two ids", () => {
  for (const connection of ["ssh://root@10.0.0.1", "ssh://deploy@10.0.0.1:22/"]) {
    refused(
      `by its connection ${connection}`,
      withHost({ connection }),
      `hosts.b.connection: "${connection}" is already the Docker host of a: use one entry per server`,
    );
  }
  refused(
    "by its address",
    servers(
      { address: "DB.internal", bindAddress: "10.0.0.1" },
      { address: "db.internal", bindAddress: "10.0.0.2" },
    ),
    `hosts.b.address: "db.internal" is already the address of a: use one entry per server`,
  );
  refused(
    "by the IP that it binds, which is the other's address",
    withHost({ address: "b.internal", bindAddress: "10.0.0.1" }),
    `hosts.b.bindAddress: "10.0.0.1" is already the bind address of a: use one entry per server`,
  );

  refused(
    "by the IP that both bind, where one is dialled at it",
    servers({}, { address: "203.0.113.2", bindAddress: "10.0.0.1" }),
    `hosts.b.bindAddress: "10.0.0.1" is already the bind address of a: use one entry per server`,
  );
  refused(
    "that is dialled at the IP, by two others behind NAT",
    clusterOf(
      { b: 1, c: 1 },
      {
        hosts: {
          a: server(1, { address: "a.example.com", bindAddress: "192.168.1.10" }),
          b: server(2, { address: "b.example.com", bindAddress: "192.168.1.10" }),
          c: server(3, { address: "192.168.1.10" }),
        },
      },
    ),
    `hosts.c.bindAddress: "192.168.1.10" is already the bind address of a: use one entry per server`,
  );

  it.each([
    ["names", "a.example.com", "b.example.com"],
    ["IPs", "203.0.113.1", "203.0.113.2"],
    ["a name and an IP", "a.example.com", "203.0.113.2"],
  ])("is not told by an IP that each has in its own network behind NAT, dialled at %s", (_, a, b) => {
    const bindAddress = "192.168.1.10";
    expect(problemsOf(servers({ address: a, bindAddress }, { address: b, bindAddress }))).toEqual([]);
  });

  it("is not told by all interfaces, which every server has", () => {
    const open = { bindAddress: "0.0.0.0", allowPublicBind: true };
    expect(problemsOf(servers(open, open))).toEqual([]);
  });
});

describe("loopback as an address", () => {
  for (const address of [
    ...[
      "localhost",
      "LOCALHOST",
      "localhost.localdomain",
      "db.localhost",
      "ip6-localhost",
      "127.0.0.1",
      "127.1.2.3",
    ],
  ]) {
    refused(
      `${address}, of the coordinator with a worker elsewhere`,
      servers({ address, bindAddress: "10.0.0.1" }),
      `hosts.a.address: "${address}" can't be reached by b/worker1 on b: give the server's private address`,
    );
  }
  refused(
    "of a worker with the coordinator elsewhere",
    withHost({ address: "localhost", bindAddress: "10.0.0.2" }),
    `hosts.b.address: "localhost" can't be reached by a/coordinator on a: give the server's private address`,
  );
  refused(
    "that is bound as well",
    withHost({ address: "127.0.0.1" }),
    `hosts.b.address: "127.0.0.1" can't be reached by a/coordinator on a: give the server's private address`,
  );
  refused(
    "of the coordinator before there is a worker",
    { ...servers({ address: "localhost", bindAddress: "10.0.0.1" }), workers: { b: 0 } },
    `hosts.a.address: "localhost" is the container itself for every node: give the server's private address`,
  );
  refused(
    "of the only server",
    { ...minimal, hosts: { here: server(1, { address: "127.0.0.1", bindAddress: "10.0.0.1" }) } },
    `hosts.here.address: "127.0.0.1" is the container itself for every node: leave the address out; nodes on one server use container names`,
  );
});

describe("a subnet", () => {
  for (const [what, held, host] of [
    ["the server", "the server's own address 10.77.0.2", { address: "10.77.0.2" }],
    [
      "what the server binds",
      "the server's own address 10.77.0.2",
      { address: "b.internal", bindAddress: "10.77.0.2" },
    ],
    ["a name server", "the name server 10.77.0.53", { dns: ["10.77.0.53"] }],
    [
      "a server of extraHosts",
      "c.internal's address in extraHosts, 10.77.0.9",
      { extraHosts: { "c.internal": "10.77.0.9" } },
    ],
  ] as const) {
    refused(
      `that holds ${what}`,
      withHost({ subnet: "10.77.0.0/24", ...host }),
      `hosts.b.subnet: 10.77.0.0/24 holds ${held}: choose another network`,
    );
  }
  it.each([
    ["a name", { extraHosts: { "host.docker.internal": "10.213.7.1" } }],
    ["a name server", { dns: ["10.213.7.1"] }],
  ])("may hold %s at its own gateway, where containers reach their server", (_, host) => {
    expect(problemsOf(withHost({ subnet: "10.213.7.0/24", ...host }))).toEqual([]);
  });
  refused(
    "that holds another server at its gateway",
    servers({}, { subnet: "10.0.0.0/29", address: "10.9.9.9", extraHosts: { a: "10.0.0.1" } }),
    "hosts.b.subnet: 10.0.0.0/29 holds a's address 10.0.0.1: choose another network",
  );
  refused(
    "that holds another server",
    servers({}, { subnet: "10.0.0.0/29", address: "10.9.9.9" }),
    "hosts.b.subnet: 10.0.0.0/29 holds a's address 10.0.0.1: choose another network",
  );
  refused(
    "by default, that holds another server",
    servers({ subnet: "10.99.0.0/24", address: "10.213.236.1" }),
    "hosts.b.subnet: 10.213.236.0/24 holds a's address 10.213.236.1: choose another network",
  );
});

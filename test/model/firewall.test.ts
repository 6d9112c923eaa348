import { describe, expect, it } from "vitest";
import { describeFirewall, memberAddresses, unknownMembers } from "../../model/firewall";
import { clusterOf, minimal, server } from "./samples";

describe("the rules of each server", () => {
  it("let members, clients and nodes of the same server in to what is published there", () => {
    const environment = clusterOf({ a: 1, b: 2 }, { firewall: { allow: ["10.9.0.0/16"] } });
    const [a, b] = describeFirewall(environment, new Map([["b", ["10.213.9.0/24"]]]));
    expect(a).toEqual({
      ...{ host: "a", cluster: "citus", published: [{ ip: "10.0.0.1", ports: [5432, 5433] }] },
      subnets: [expect.stringMatching(/^10\.213\.\d+\.0\/24$/) as string],
      sources: ["10.0.0.1", "10.0.0.2", ...(a?.subnets ?? []), "10.9.0.0/16"],
    });
    // The network's subnet is the engine's to say.
    expect(b).toMatchObject({
      published: [{ ip: "10.0.0.2", ports: [5432, 5433] }],
      sources: ["10.0.0.1", "10.0.0.2", "10.213.9.0/24", "10.9.0.0/16"],
    });
  });

  it("are there for a server whose workers left: its containers' network is", () => {
    const [, b] = describeFirewall(clusterOf({ b: 0 }));
    expect(b).toMatchObject({
      host: "b",
      published: [],
      sources: expect.arrayContaining(["10.0.0.1"]) as string[],
    });
  });

  it("let nobody in to a cluster on one server but its own nodes", () => {
    const [here] = describeFirewall(minimal);
    expect(here?.published).toEqual([{ ip: "127.0.0.1", ports: [5432] }]);
    expect(here?.sources).toEqual(here?.subnets);
  });
});

describe("where a member's connections come from", () => {
  const named = { address: "b.internal" };
  it.each([
    ["its address", server(2), ["10.0.0.2"]],
    ["what it publishes on, beside a name", server(2, { ...named, bindAddress: "10.0.0.9" }), ["10.0.0.9"]],
    ["both", server(2, { bindAddress: "10.0.0.9" }), ["10.0.0.2", "10.0.0.9"]],
    ["nothing of all addresses", server(2, { ...named, bindAddress: "0.0.0.0", allowPublicBind: true }), []],
  ])("is %s", (_what, host, addresses) => {
    const environment = clusterOf({ b: 1 });
    const declared = { ...environment, hosts: { ...environment.hosts, b: host } };
    expect(memberAddresses(declared, "b")).toEqual(addresses);
    expect(unknownMembers(declared)).toEqual(addresses.length === 0 ? ["b"] : []);
    const said = { ...declared, firewall: { members: { b: ["10.0.7.7"] } } };
    expect(memberAddresses(said, "b")).toEqual([...addresses, "10.0.7.7"]);
    expect(unknownMembers(said)).toEqual([]);
  });

  it("is nobody's question on the only server", () => {
    expect(unknownMembers(minimal)).toEqual([]);
  });
});

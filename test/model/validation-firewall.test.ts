import { describe, expect, it } from "vitest";
import type { FirewallOptions } from "../../model/environment";
import { findProblems } from "../../model/validation/validation";
import { clusterOf } from "./samples";

const problemsOf = (firewall: unknown) =>
  findProblems({ ...clusterOf({ b: 1 }), firewall: firewall as FirewallOptions }).map(
    ({ field, problem }) => `${field}: ${problem}`,
  );

describe("firewall.allow", () => {
  it("takes networks and addresses of both families", () => {
    expect(
      problemsOf({ allow: ["10.0.8.0/24", "192.0.2.7", "192.0.2.8/32", "fd00::/64", "2001:db8::5"] }),
    ).toEqual([]);
    expect(problemsOf({})).toEqual([]);
  });

  it.each([
    [
      "10.0.8.7/24",
      /"10\.0\.8\.7\/24" has bits behind its prefix: write 10\.0\.8\.0\/24, or the address alone/,
    ],
    ["0.0.0.0/0", /lets everybody in/],
    ["::/0", /lets everybody in/],
    ["10.0.0.0/33", /must be a network in CIDR notation or an address/],
    ["10.0.0.0/8/8", /must be a network in CIDR notation/],
    ["10.0.0.0/", /must be a network in CIDR notation/],
    ["fe80::1%eth0", /must be a network in CIDR notation/],
    ["::ffff:10.0.0.7", /never arrives like that: write it as IPv4/],
    ["office.example.com", /must be a network in CIDR notation/],
    ['10.0.0.1 }; add rule inet x y accept; "$(id)"', /must be a network in CIDR notation/],
    ["10.0.0.1\nPG_DIST_END\nreboot", /must be a network in CIDR notation/],
    ["", /must be a network in CIDR notation/],
    [7, /^firewall\.allow\.0: must be text/],
  ])("refuses %j", (network, problem) => {
    expect(problemsOf({ allow: [network] })).toEqual([expect.stringMatching(problem) as string]);
  });

  it("names each network once", () => {
    expect(problemsOf({ allow: ["10.0.8.0/24", "10.0.8.0/24"] })).toEqual([
      'firewall.allow.1: "10.0.8.0/24" is listed twice',
    ]);
  });
});

describe("firewall.members", () => {
  it("has IPv4 addresses of hosts that are there", () => {
    expect(problemsOf({ members: { b: ["10.0.1.2"] } })).toEqual([]);
    expect(problemsOf({ members: { c: ["10.0.1.2"] } })).toEqual([
      'firewall.members.c: "c" is not in hosts; known hosts: a, b',
    ]);
  });

  it.each(["10.0.1.0/24", "fd00::1", "0.0.0.0", "b.internal", "10.0.1.2; reboot"])(
    "refuses %j",
    (address) => {
      expect(problemsOf({ members: { b: [address] } })).toEqual([
        `firewall.members.b.0: "${address}" must be an IPv4 address of that server`,
      ]);
    },
  );
});

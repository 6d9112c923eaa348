import { describe, expect, it } from "vitest";
import { assignShards } from "../../../../operations/change/forget/assign-shards";
import { addressesOfHost } from "../../../../operations/change/forget/state-of-host";
import { isAlive, isAnswer, isRefusal, machineOf } from "../../../../operations/change/forget/require-gone";
import { told } from "../../../fixtures/told";

describe("lost shards", () => {
  const lost = (key: string, ...tables: string[]) =>
    tables.map((table) => ({ shardid: `${table}${key}`, table, key, name: `${table}_${key}` }));

  it("go to where there are fewest, those of one key together", () => {
    const shards = [...lost("1", "orders", "lines"), ...lost("2", "orders", "lines"), ...lost("3", "log")];
    const heirs = [
      { nodeid: 7, groupid: 5, shards: 3 },
      { nodeid: 3, groupid: 2, shards: 0 },
    ];
    const assigned = assignShards(shards, heirs, { allows: () => true }).map(
      ({ nodeid, groupid, shards: group }) => [nodeid, groupid, ...group.map(({ shardid }) => shardid)],
    );
    expect(assigned).toEqual([
      [3, 2, "orders1", "lines1"],
      [3, 2, "orders2", "lines2"],
      [7, 5, "log3"],
    ]);
  });

  it("go nowhere without a node that stays", () => {
    expect(assignShards(lost("1", "orders"), [], { allows: () => true })).toEqual([]);
  });
});

describe("a server that refuses the connection itself", () => {
  it.each([
    [
      'connection to server at "b" (10.0.0.2), port 5432 failed: FATAL: the database system is starting up',
      true,
    ],
    ["connection failed: FATAL:  sorry, too many clients already", true],
    ["connection failed: server does not support SSL, but SSL was required", true],
    ["connection failed: Connection refused Is the server running on that host?", false],
    ['could not translate host name "b" to address: Name or service not known', false],
    ["timed out", false],
  ])("is not gone: %s", (cause, answers) => {
    expect(isAnswer(cause)).toBe(answers);
  });
});

describe("a machine where nothing listens", () => {
  it.each([
    ["connection failed: Connection refused Is the server running on that host?", true],
    ["connection failed: No route to host Is the server running on that host?", false],
    ["timed out", false],
  ])("may only be starting: %s", (cause, refusal) => {
    expect(isRefusal(cause)).toBe(refusal);
  });
});

describe("a Docker host whose engine doesn't answer", () => {
  it.each([
    ["connection-refused", "runs"],
    ["ssh-refused", "runs"],
    ["engine-down", "runs"],
    ["tls", "runs"],
    ["timeout", "silent"],
    ["no-route", "silent"],
    ["unknown-name", "silent"],
    ["ssh-missing", "not-asked"],
    ["tls-material", "not-asked"],
  ] as const)("by %s its machine %s", (code, machine) => {
    expect(machineOf(code)).toBe(machine);
  });
});

describe("a host's addresses in Terraform's state", () => {
  const docker = (type: string, name: string, host: string, mode = "managed") => ({
    ...{ mode, type, name },
    provider: `provider["registry.terraform.io/kreuzwerker/docker"].${host}`,
    instances: [{}],
  });
  const state = {
    version: 4,
    resources: [
      docker("docker_container", "b_worker1", "b"),
      docker("docker_volume", "b_worker1", "b"),
      docker("docker_network", "ab", "ab"),
      docker("docker_image", "b", "b", "data"),
      {
        ...{ mode: "managed", type: "null_resource", name: "membership" },
        provider: 'provider["registry.terraform.io/hashicorp/null"]',
        instances: [{ index_key: "b/worker1" }, { index_key: "ab/worker1" }],
      },
      {
        ...{ mode: "managed", type: "null_resource", name: "registration" },
        provider: 'provider["registry.terraform.io/hashicorp/null"]',
        instances: [{}],
      },
    ],
  };

  it("are what its provider made, and the membership of its workers; not those of a host with a longer name", () => {
    expect(addressesOfHost(state, "b")).toEqual([
      "docker_container.b_worker1",
      "docker_volume.b_worker1",
      'null_resource.membership["b/worker1"]',
    ]);
  });

  it("are none where there is no state", () => {
    expect(addressesOfHost({}, "b")).toEqual([]);
    expect(addressesOfHost({ resources: [] }, "b")).toEqual([]);
  });
});

it("names the commands that save the shards of a host that is not gone", () => {
  const nodes = [{ id: "server-d/worker1" }, { id: "server-d/worker2" }, { id: "server-e/worker1" }];
  const alive = { id: "server-d", what: "its Docker engine answers" };
  const remedy = (those: typeof nodes) => told(isAlive({ environment: "production" }, alive, those)).remedy;
  expect(remedy(nodes)).toContain(
    "`npx pg-dist remove production server-d/worker1`, `npx pg-dist remove production server-d/worker2`, or delete",
  );
  expect(remedy([])).toContain("`npx pg-dist remove production NODE`, or delete");
});

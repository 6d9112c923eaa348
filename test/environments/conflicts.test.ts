import { describe, expect, it } from "vitest";
import type { Environment } from "../../environments/environment";
import { local } from "../../environments/local";
import { production } from "../../environments/production";
import { findConflicts } from "../../environments/validation";
import { clusterOf, minimal } from "./samples";

function conflictsOf(...environments: Environment[]): string[] {
  return findConflicts(environments).map((each) => `${each.environment}: ${each.field}: ${each.problem}`);
}

const SOCKET = "unix:///var/run/docker.sock";
const second: Environment = {
  ...minimal,
  name: "second",
  cluster: "second",
  coordinator: { host: "here", port: 6432 },
};

describe("findConflicts", () => {
  it("finds none between the environments that ship, nor between clusters that keep apart on one server", () => {
    expect(conflictsOf(local, production)).toEqual([]);
    expect(conflictsOf(minimal, second)).toEqual([]);
  });

  it("allows one cluster name on different servers", () => {
    expect(conflictsOf(minimal, clusterOf({ b: 1 }))).toEqual([]);
  });

  it("refuses two environments of one name", () => {
    expect(conflictsOf(minimal, { ...clusterOf({ b: 1 }), name: "dev" })).toEqual([
      `dev: name: "dev" is the name of two environments: they would share a stack and a state.`,
    ]);
  });

  it("refuses one cluster name on one Docker host, whatever its id is there", () => {
    const other = { ...second, hosts: { there: { connection: SOCKET } }, coordinator: { host: "there" } };
    expect(conflictsOf(minimal, { ...other, cluster: undefined })).toEqual([
      `second: cluster: "citus" is used twice on Docker host ${SOCKET}, shared with environment dev: they would share volumes. Give one another cluster name.`,
    ]);
  });

  it("refuses overlapping subnets on one Docker host", () => {
    const subnet = "10.213.236.128/25";
    expect(conflictsOf(minimal, { ...second, hosts: { here: { connection: SOCKET, subnet } } })).toEqual([
      `second: hosts.here.subnet: ${subnet} overlaps 10.213.236.0/24 on Docker host ${SOCKET}, shared with environment dev: pin another.`,
    ]);
  });

  it("refuses a port that is published twice on one Docker host", () => {
    expect(conflictsOf(minimal, { ...second, coordinator: { host: "here" } })).toEqual([
      `second: port of here/coordinator: 5432 is published by here/coordinator on Docker host ${SOCKET}, shared with environment dev: choose another.`,
    ]);
  });

  it("compares each with each", () => {
    expect(conflictsOf(minimal, second, { ...minimal, name: "third" })).toHaveLength(1);
    expect(conflictsOf(minimal, minimal, minimal)).toHaveLength(6);
  });
});

import { describe, expect, it } from "vitest";
import { describeCluster } from "../../model/cluster";
import { findProblems } from "../../model/validation/validation";
import { clusterOf, minimal } from "./samples";

const problemsOf = (roles: unknown) =>
  findProblems({ ...minimal, roles: roles as string[] }).map(({ field, problem }) => `${field}: ${problem}`);

describe("roles", () => {
  it("may have any name that PostgreSQL takes", () => {
    expect(problemsOf(["app", 'O\'Brien "x" $(id)', "Überprüfer Ж", "-v", "${x}"])).toEqual([]);
    expect(problemsOf([])).toEqual([]);
  });

  it.each([
    [["a".repeat(64)], /^roles\.0: "a+" must be the name of a role, of 1 to 63 bytes/],
    [["é".repeat(32)], /of 1 to 63 bytes/],
    [[""], /of 1 to 63 bytes/],
    [
      ["app", "postgres"],
      /^roles\.1: "postgres" is the superuser, whose password is TF_VAR_postgres_password/,
    ],
    [["pg_monitor"], /PostgreSQL reserves names/],
    [["app", "app"], /^roles\.1: "app" is listed twice/],
    ["app", /^roles: must be a list/],
    [[7], /^roles\.0: must be text/],
  ])("are refused as %j", (roles, problem) => {
    expect(problemsOf(roles)).toEqual([expect.stringMatching(problem) as string]);
  });

  it("stand in the cluster's file only where there are any, so that the others' stays the same", () => {
    expect(describeCluster(clusterOf({}))).not.toHaveProperty("roles");
    expect(describeCluster(clusterOf({}, { roles: [] }))).not.toHaveProperty("roles");
    expect(describeCluster(clusterOf({}, { roles: ["app"] })).roles).toEqual(["app"]);
  });
});

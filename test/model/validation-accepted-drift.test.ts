import { describe, expect, it } from "vitest";
import { describeCluster } from "../../model/cluster";
import { DRIFT_CODES } from "../../model/drift-code";
import type { AcceptedDrift, Environment } from "../../model/environment";
import { findProblems } from "../../model/validation/validation";
import { configurationOf } from "../synthesis";

const plain: Environment = {
  name: "test",
  hosts: { a: { connection: "unix:///var/run/docker.sock" } },
  coordinator: { host: "a" },
};
const accepting = (acceptedDrift: unknown): Environment => ({
  ...plain,
  acceptedDrift: acceptedDrift as AcceptedDrift[],
});
const REASON = "the load test of June";

describe("what drift is to accept", () => {
  it.each([
    ["no list", { code: "alter-system", reason: REASON }, "acceptedDrift", /must be a list/],
    ["no reason", [{ code: "alter-system" }], "acceptedDrift.0.reason", /is missing: it must be text/],
    ["a blank reason", [{ code: "alter-system", reason: " " }], "acceptedDrift.0.reason", /state why/],
    [
      "a misspelt code",
      [{ code: "altersystem", reason: REASON }],
      "acceptedDrift.0.code",
      /"altersystem" is not a drift code: write alter-system$/,
    ],
    [
      "a code that nothing is like",
      [{ code: "weather", reason: REASON }],
      "acceptedDrift.0.code",
      /"weather" is not a drift code: use one of not-applied, .*settings-differ$/,
    ],
    [
      "what wasn't looked at",
      [{ code: "unknown", reason: REASON }],
      "acceptedDrift.0.code",
      /could not be checked/,
    ],
    ["an empty place", [{ code: "ports", where: "", reason: REASON }], "acceptedDrift.0.where", /is empty/],
    [
      "a field that there isn't",
      [{ code: "ports", node: "a/worker1", reason: REASON }],
      "acceptedDrift.0.node",
      /is not a field/,
    ],
    [
      "the same twice",
      [
        { code: "ports", where: "a/worker1", reason: REASON },
        { code: "ports", where: "a/worker1", reason: "another one" },
      ],
      "acceptedDrift.1",
      /repeats an earlier entry/,
    ],
  ])("is refused: %s", (_, acceptedDrift, field, problem) => {
    expect(findProblems(accepting(acceptedDrift))).toEqual([
      expect.objectContaining({ field, problem: expect.stringMatching(problem) as string }),
    ]);
  });

  it("may be any difference, at several places or of several subjects", () => {
    const all = DRIFT_CODES.filter((code) => code !== "unknown").map((code) => ({ code, reason: REASON }));
    const more = ["a/worker1", "b/worker1"].map((where) => ({
      ...{ code: "alter-system", where, subject: "work_mem", reason: REASON },
    }));
    expect(findProblems(accepting([...all, ...more]))).toEqual([]);
  });

  it("changes nothing of the cluster, or of what Terraform gets", () => {
    const environment = accepting([{ code: "ports", reason: REASON }]);
    expect(describeCluster(environment)).toEqual(describeCluster(plain));
    expect(configurationOf(environment)).toEqual(configurationOf(plain));
  });
});

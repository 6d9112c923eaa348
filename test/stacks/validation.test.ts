import { describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import { CitusStack } from "../../stacks/citus-stack";
import { clusterOf, minimal } from "../model/samples";
import { filesIn, testApp } from "../synthesis";

function errorOf(...environments: unknown[]): string[] {
  const app = testApp();
  for (const environment of environments) new CitusStack(app, environment as Environment);
  try {
    app.synth();
  } catch (error) {
    expect(Object.keys(filesIn(app.outdir))).toEqual([]);
    return String(error).split("\n");
  }
  throw new Error("It was synthesized.");
}

/** The problems, without the path of the stack that happened to be checked first. */
function linesOf(error: readonly string[]): string[] {
  return error.flatMap((line) => /^ {2}\[[^\]]*\] (.*)$/.exec(line)?.[1] ?? []);
}

describe("what is wrong with the environments of an app", () => {
  it("is one error with every problem of each, and nothing is written", () => {
    const wrong = {
      ...clusterOf({ b: 1, x: { olap: {} } }),
      image: "citusdata/citus:latest",
      postgresMajor: 17,
    };
    const error = errorOf({ ...minimal, memory: 64, user: "pg_me" }, minimal, { ...wrong, cluster: "X" });
    expect(linesOf(error)).toEqual([
      `dev: user: "pg_me": PostgreSQL reserves names that start with "pg_"`,
      "dev: memory: 64 MB is too small to start: use 256 MB or more, as a whole number",
      `staging: cluster: "X" must hold only a-z, 0-9 and "-" (40 at most): it names networks, containers and volumes`,
      `staging: image: "citusdata/citus:latest" can change PostgreSQL's major version under the data: pin a full version, e.g. citusdata/citus:13.0.3`,
      "staging: workers.x.olap.port: is missing: only workers named worker1, worker2, ... have a default port",
      `dev: name: "dev" is the name of two environments: they would share a stack and a state`,
      `dev: cluster: "citus" is used twice on Docker host unix:///var/run/docker.sock, shared with environment dev: they would share volumes; give one of them a different cluster name`,
    ]);
  });

  it.each([
    ["empty", ""],
    ["with a blank", "my cluster"],
    ["with a slash", "a/b"],
    ["no text", 7],
    ["missing", undefined],
  ])("is reported together also for a name that is %s", (_, name) => {
    const problems = linesOf(errorOf({ ...minimal, name }, { ...clusterOf({ b: 1 }), user: "" }));
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/: name: ("|must be text|is missing)/);
    expect(problems[1]).toContain("staging: user:");
  });
});

import { expect, test } from "vitest";
import { Stopwatch } from "../../../../operations/base/stopwatch";
import { callerOf } from "../../../../operations/base/caller/caller";
import { EXIT, Failure, problemsFailure } from "../../../../operations/base/failure";
import { createProgress } from "../../../../operations/base/progress";
import { report } from "../../../../operations/cluster/connection/report";

function reported(error: unknown, env: NodeJS.ProcessEnv = {}) {
  const lines: string[] = [];
  const code = report(error, "terraform", callerOf(env).redact, (line) => lines.push(line));
  return { code, lines };
}

test("details come first, cause and remedy last and in one line", () => {
  const problem = (node: string) => ({ node, what: "is down", remedy: "start it" });
  const failure = problemsFailure(
    [problem("a/worker1"), problem("b/worker1")],
    "nothing was added",
    EXIT.refused,
  );
  expect(reported(failure)).toEqual({
    code: 4,
    lines: [
      "  a/worker1: is down: start it\n",
      "  b/worker1: is down: start it\n",
      "pg-dist: nothing was added: a/worker1: is down (and 1 more, above): start it\n",
    ],
  });
});

test("no secret is printed, whatever the server says", () => {
  const error = Object.assign(new Error("bad conninfo password=s3cr3t"), {
    code: "XX000",
    severity: "ERROR",
  });
  const { lines, code } = reported(error, { TF_VAR_postgres_password: "s3cr3t" });
  expect(code).toBe(1);
  expect(lines.at(-1)).toContain("the coordinator answered: bad conninfo password=*** (SQLSTATE XX000)");
  expect(reported(new Failure("s3cr3t", "x"), { PGPASSWORD: "s3cr3t" }).lines).toEqual(["pg-dist: ***: x\n"]);
});

test("a mistake of ours is told apart, with where it happened", () => {
  const { lines } = reported(new TypeError("x is undefined"));
  expect(lines.join("")).toContain("report.test.ts");
  expect(lines.at(-1)).toMatch(/unexpected error: x is undefined: please report/);
});

test("progress shows the seconds since the start", () => {
  const lines: string[] = [];
  let now = 0;
  const progress = createProgress("terraform", (line) => lines.push(line), new Stopwatch(() => now));
  now = 1234;
  progress("a/worker1: added as node 5");
  expect(lines).toEqual(["[  1.2s] a/worker1: added as node 5"]);
});

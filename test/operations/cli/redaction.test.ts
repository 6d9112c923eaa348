import { expect, test, vi } from "vitest";
import { callerOf } from "../../../operations/base/caller/caller";
import { Failure } from "../../../operations/base/failure";
import { orJsonFailure } from "../../../operations/cli/read-command";
import { report } from "../../../operations/cluster/connection/report";

test("a failure has no secret in it, for people and for scripts, in its details too", async () => {
  const caller = callerOf({});
  const written: string[] = [];
  const write = vi
    .spyOn(process.stdout, "write")
    .mockImplementation((text) => written.push(String(text)) > 0);
  const failing = orJsonFailure("status", true, caller, () => {
    caller.credentials.withSuperuser({ value: 'typed"one', source: "the terminal" });
    throw new Failure('terraform said typed"one', 'not typed"one', { detail: ['Error: "typed\\"one"'] });
  });
  const error = await failing.catch((failure: unknown) => failure);
  write.mockRestore();
  expect(JSON.parse(written.join(""))).toMatchObject({
    failure: { summary: "terraform said ***", remedy: "not ***", detail: ['Error: "***"'] },
  });
  const lines: string[] = [];
  report(error, "person", caller.redact, (line) => lines.push(line));
  expect(lines).toEqual(['  Error: "***"\n', "pg-dist: terraform said ***: not ***\n"]);
});

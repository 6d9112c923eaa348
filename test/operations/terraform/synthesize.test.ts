import { describe, expect, it } from "vitest";
import { explainSynthesis } from "../../../operations/terraform/synthesize";

describe("why a project can't be synthesized", () => {
  const thrown = (...problems: string[]) =>
    [
      "/project/node_modules/cdktf/lib/errors.ts:216",
      "  new Error(`Validation failed with the following errors:\\n  ${errorList}",
      "  ^",
      "Error: Validation failed with the following errors:",
      ...problems.map((problem) => `  [production] ${problem}`),
      "If you wish to ignore these validations, pass 'skipValidation: true' to your App configuration.",
      "    at stackValidationFailure (/project/node_modules/cdktf/lib/errors.ts:216:3)",
    ].join("\n");

  it("is what validation reported", () => {
    expect(explainSynthesis(thrown("hosts: wrong"))).toEqual({ summary: "hosts: wrong", detail: [] });
    expect(explainSynthesis(thrown("hosts: wrong", "image: wrong"))).toEqual({
      summary: "hosts: wrong (and 1 more, above)",
      detail: ["hosts: wrong", "image: wrong"],
    });
  });

  it("is the error that was thrown, or nothing that can be told", () => {
    const stderr = "main.ts:3\nTypeError: x is not a function\n    at main.ts:3:1\n";
    expect(explainSynthesis(stderr).summary).toBe("TypeError: x is not a function");
    expect(explainSynthesis("")).toEqual({ summary: undefined, detail: [] });
  });
});

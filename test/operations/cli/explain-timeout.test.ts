import { describe, expect, test } from "vitest";
import { explainTimeout } from "../../../operations/cli/explain-timeout";

function databaseError(message: string, code = "57014"): Error {
  return Object.assign(new Error(message), { code, severity: "ERROR" });
}

describe("a question that was cancelled", () => {
  test("by its limit is one that the coordinator did not answer", () => {
    const error = databaseError("canceling statement due to statement timeout");
    expect(explainTimeout(error, 10_000, "see its load")).toMatchObject({
      summary: "the coordinator did not answer within 10 s",
      remedy: "see its load; --timeout allows more time",
      cause: error,
    });
  });

  test("by somebody, or that failed otherwise, is left as it is", () => {
    for (const error of [
      databaseError("canceling statement due to user request"),
      databaseError("permission denied", "42501"),
      new Error("canceling statement due to statement timeout"),
    ])
      expect(explainTimeout(error, 10_000, "see its load")).toBe(error);
  });
});

import { expect, it } from "vitest";
import { cpusText, isStableCpus } from "../../environments/cpus";
import { findProblems } from "../../environments/validation";
import { production } from "../../environments/production";

it.each([
  [1, "1.0"],
  [2, "2.0"],
  [10, "10."],
  [0.5, "0.5"],
  [1.5, "1.5"],
  [0.25, "0.25"],
  [10.5, "10.5"],
])("writes %d CPUs as the provider reads them back: %s", (cpus, text) => {
  expect(cpusText(cpus)).toBe(text);
  expect(isStableCpus(cpus)).toBe(true);
});

it("refuses a limit that the provider would round", () => {
  expect(findProblems({ ...production, coordinator: { host: "server-a", cpus: 0.05 } })).toEqual([
    {
      environment: "production",
      field: "coordinator.cpus",
      problem: "0.05 is read back as 0.1, so every plan would replace it: write 0.1.",
    },
  ]);
});

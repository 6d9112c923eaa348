import { expect, it } from "vitest";
import { cpusText, isStableCpus } from "../../model/cpus";
import { findProblems } from "../../model/validation/validation";
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

it.each([
  [0.05, "0.1", "0.1"],
  [10.0000000001, "10", "10"],
  [0.01, "0", "0.1 or more"],
  [1e-10, "0", "0.1 or more"],
])("refuses %d CPUs, which the provider would round, and says what it keeps", (cpus, kept, right) => {
  expect(findProblems({ ...production, coordinator: { host: "server-a", cpus } })).toEqual([
    {
      environment: "production",
      field: "coordinator.cpus",
      problem: `${cpus} is read back as ${kept}, so every plan would replace the container: write ${right}`,
    },
  ]);
  expect(isStableCpus(parseFloat(right))).toBe(true);
});

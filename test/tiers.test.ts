import { describe, expect, it } from "vitest";
import { chooseTiers } from "./tiers.mjs";

describe("the tiers that run", () => {
  it("are all on Linux as root", () => {
    const all = ["unit", "e2e", "full"];
    expect(chooseTiers(all, { platform: "linux", uid: 0 })).toEqual({ tiers: all, skips: [] });
  });

  it("are the unit tests on macOS, and the others count as skipped, with the reason", () => {
    const { tiers, skips } = chooseTiers(["unit", "e2e", "full"], { platform: "darwin", uid: 501 });
    expect(tiers).toEqual(["unit"]);
    expect(skips.map(({ test }) => test)).toEqual(["all e2e tests", "all full tests"]);
    for (const { reason } of skips) expect(reason).toMatch(/network namespaces, and this is darwin/);
  });

  it("are none on Linux without root, which is said at once with what to run", () => {
    expect(() => chooseTiers(["unit", "e2e"], { platform: "linux", uid: 1000 })).toThrow(
      /the e2e tests need root.*npm test -- --unit/,
    );
  });

  it("need neither for the unit tests", () => {
    expect(chooseTiers(["unit"], { platform: "linux", uid: 1000 })).toEqual({ tiers: ["unit"], skips: [] });
  });
});

import { describe, expect, it } from "vitest";
import type { AcceptedDrift } from "../../../../model/environment";
import { judge } from "../../../../operations/observe/drift/accepted";
import type { Drift } from "../../../../operations/observe/drift/drift";

const WORKERS = ["server-b/worker1", "server-c/worker1"] as const;

const altered = (where: readonly string[], subject = "work_mem"): Drift => ({
  ...{ code: "alter-system", severity: "advice", where, subject, what: "was set", remedy: "reset it" },
});
const entry = (more: Partial<AcceptedDrift> = {}): AcceptedDrift => ({
  ...{ code: "alter-system", reason: "a load test" },
  ...more,
});

/** Whether one entry, or several, accept a difference. */
const isAccepted = (drift: Drift, ...entries: AcceptedDrift[]) => judge([drift], entries).drifts.length === 0;

describe("a difference is accepted", () => {
  it("by its code, and by place and subject where they are given", () => {
    const drift = altered([WORKERS[0]]);
    expect(isAccepted(drift, entry())).toBe(true);
    expect(isAccepted(drift, entry({ where: WORKERS[0], subject: "work_mem" }))).toBe(true);
    expect(isAccepted(drift, entry({ code: "setting" }))).toBe(false);
    expect(isAccepted(drift, entry({ where: WORKERS[1] }))).toBe(false);
    expect(isAccepted(drift, entry({ subject: "max_connections" }))).toBe(false);
    expect(isAccepted(drift)).toBe(false);
  });

  it("with the value that is given, or with any", () => {
    const drift = { ...altered([WORKERS[0]]), found: "64MB" };
    expect(isAccepted(drift, entry({ found: "64MB" }))).toBe(true);
    expect(isAccepted(drift, entry({ found: "1GB" }))).toBe(false);
    expect(isAccepted(altered([WORKERS[0]]), entry({ found: "64MB" }))).toBe(false);
    expect(judge([drift], [entry({ found: "1GB" })]).stale).toHaveLength(1);
  });

  it("of several nodes where each of them is", () => {
    const drift = altered(WORKERS);
    const [one, other] = WORKERS.map((where) => entry({ where })) as [AcceptedDrift, AcceptedDrift];
    expect(isAccepted(drift, one)).toBe(false);
    expect(isAccepted(drift, one, other)).toBe(true);
    expect(isAccepted(drift, entry())).toBe(true);
  });

  it("of the cluster as a whole only without a place", () => {
    expect(isAccepted(altered([]), entry())).toBe(true);
    expect(isAccepted(altered([]), entry({ where: WORKERS[0] }))).toBe(false);
  });

  it("with every reason once", () => {
    const entries = WORKERS.map((where, index) => entry({ where, reason: `reason ${index}` }));
    expect(judge([altered(WORKERS)], entries).accepted).toEqual([
      { drift: altered(WORKERS), reasons: ["reason 0", "reason 1"] },
    ]);
    const same = WORKERS.map((where) => entry({ where }));
    expect(judge([altered(WORKERS)], same).accepted[0]?.reasons).toEqual(["a load test"]);
  });
});

describe("an entry is stale", () => {
  it("where there is no such difference, and not where there is one elsewhere too", () => {
    const gone = entry({ subject: "max_connections" });
    expect(judge([altered([WORKERS[0]])], [entry(), gone]).stale).toEqual([gone]);
    expect(
      judge(
        WORKERS.map((where) => altered([where])),
        [entry()],
      ).stale,
    ).toEqual([]);
    const partly = entry({ where: WORKERS[0] });
    expect(judge([altered(WORKERS)], [partly]).stale).toEqual([]);
  });

  it("unless something could not be looked at", () => {
    const unknown: Drift = { ...altered(["server-b"]), code: "unknown" };
    expect(judge([unknown], [entry({ where: WORKERS[0] })]).stale).toEqual([]);
  });
});

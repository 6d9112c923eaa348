import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EXAMPLE_FAILURE, HealthSession, type LinkTimes } from "./health-session";
import type { Connected } from "../../../../operations/cluster/connection/target";
import { type Health, checkHealth } from "../../../../operations/observe/health/health";

const TIMEOUT_MS = 10_000;

describe("the health of links between nodes", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** What is found in a cluster of four nodes, with the links that are other than quick, and after how long. */
  async function check(links: LinkTimes): Promise<Health & { time: number }> {
    const session = new HealthSession(4, links);
    const target = { session, timeoutMs: TIMEOUT_MS, env: {} } as unknown as Connected;
    const start = performance.now();
    let time = NaN;
    const checking = checkHealth(target).finally(() => (time = performance.now() - start));
    await vi.advanceTimersByTimeAsync(10 * TIMEOUT_MS);
    return { ...(await checking), time };
  }

  const unhealthy = ({ pairs }: Health) =>
    pairs.flatMap(({ from, to, healthy }) => (healthy === true ? [] : [`${from} ${to} ${healthy}`]));

  it("lists nothing where all are quick", async () => {
    const health = await check({});
    expect(unhealthy(health)).toEqual([]);
    expect(health).toMatchObject({ broken: [], slow: [] });
  });

  it("takes a link for healthy and slow that answers only at the second attempt, and blames no firewall", async () => {
    const health = await check({ "1 2": 1300, "1 3": 1300, "3 0": 1300 });
    expect(unhealthy(health)).toEqual([]);
    expect(health.broken).toEqual([]);
    expect(health.slow).toEqual([
      {
        node: "n2:5432",
        from: "n1:5432",
        what: "n2:5432 answers n1:5432 on the second attempt only, after 1.3 s",
        remedy: expect.stringContaining("--timeout") as string,
      },
      expect.objectContaining({ node: "n3:5432", from: "n1:5432" }),
      expect.objectContaining({ node: "n0:5432", from: "n3:5432" }),
    ]);
    expect(JSON.stringify(health)).not.toContain("firewall");
  });

  it("says within which time a link does not answer, and what libpq says of another", async () => {
    const health = await check({ "1 2": Infinity, "3 2": "fails" });
    expect(unhealthy(health)).toEqual(["n1:5432 n2:5432 false", "n3:5432 n2:5432 false"]);
    expect(health.broken).toMatchObject([
      {
        from: ["n1:5432"],
        what: "n2:5432 does not answer n1:5432 within 3.0 s",
        remedy: expect.stringContaining("firewall") as string,
      },
      { from: ["n3:5432"], what: `n3:5432 can't connect to n2:5432: ${EXAMPLE_FAILURE}` },
    ]);
    expect(health.time).toBeLessThan(TIMEOUT_MS);
  });

  it("says that it wasn't learned why where the second attempt could not be made", async () => {
    const session = new HealthSession(4, { "1 2": Infinity }, { secondAttempts: "hang" });
    const target = { session, timeoutMs: TIMEOUT_MS, env: {} } as unknown as Connected;
    const checking = checkHealth(target);
    await vi.advanceTimersByTimeAsync(10 * TIMEOUT_MS);
    const { broken } = await checking;
    expect(broken).toEqual([
      {
        node: "n2:5432",
        from: ["n1:5432"],
        what: "n1:5432 did not reach n2:5432 at once, and no time was left to find out why",
        remedy: "--timeout allows more time",
      },
    ]);
  });

  it("asks nobody again about a node that nobody reaches: it is one thing that is wrong", async () => {
    const health = await check({ "0 3": Infinity, "1 3": Infinity, "2 3": Infinity });
    expect(health.broken).toMatchObject([{ node: "n3:5432", from: ["n0:5432", "n1:5432", "n2:5432"] }]);
    expect(health.pairs.filter(({ from }) => from === "n3:5432").map(({ healthy }) => healthy)).toEqual(
      Array(4).fill(null),
    );
    expect(health.time).toBeLessThan(TIMEOUT_MS);
  });

  it("takes a node for reached that answers the coordinator only at the second attempt, but not for asked", async () => {
    const health = await check({ "0 3": "later" });
    expect(unhealthy(health)).toEqual([0, 1, 2, 3].map((to) => `n3:5432 n${to}:5432 null`));
    expect(health.broken).toMatchObject([
      { node: "n3:5432", from: [], what: "n3:5432 answered the coordinator on the second attempt only" },
    ]);
  });
});

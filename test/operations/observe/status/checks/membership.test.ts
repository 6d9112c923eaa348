import { describe, expect, it } from "vitest";
import { isHealthy } from "../../../../../operations/base/finding";
import { judge as judgeData } from "../../../../../operations/observe/status/judge";
import { someJob, someSnapshot } from "../some-snapshot";
import { told } from "../../../../fixtures/told";

const judge = (...given: Parameters<typeof judgeData>) => told(judgeData(...given));

const LEAVING = new Date("2026-02-27T08:00:00Z");

describe("the nodes of the environment and those that are registered", () => {
  it("names the endpoint to remove a worker by that was added by hand: no deploy takes it away", () => {
    const worker1 = { label: "10.0.0.2:5432", declared: false, state: { cluster_name: "" } };
    const { nodes, ...rest } = someSnapshot({ worker1 });
    const byHand = nodes.map((node) =>
      node.label === worker1.label ? { ...node, recorded: undefined } : node,
    );
    expect(judge({ ...rest, nodes: byHand })).toMatchObject([
      {
        check: "membership",
        remedy: expect.stringContaining("`npx pg-dist remove production 10.0.0.2:5432`") as string,
      },
    ]);
    expect(judge(someSnapshot({ worker1: { declared: false } }))).toMatchObject([
      {
        check: "membership",
        remedy: expect.stringContaining("`npx cdktf deploy production` removes it safely") as string,
      },
    ]);
  });

  it("names what moves a node that is registered elsewhere than the environment has it, and not how to remove it", () => {
    const moved = { movesTo: { host: "10.9.9.9", port: 5433 } };
    expect(judge(someSnapshot({ coordinator: moved, worker1: moved })).map(({ remedy }) => remedy)).toEqual([
      expect.stringMatching(/^SELECT citus_set_coordinator_host\('10.9.9.9', 5433\)/),
      expect.stringMatching(/no changes `npx pg-dist add production server-b\/worker1`$/),
    ]);
  });

  it("names no deploy for a cluster without an environment", () => {
    const changes = {
      coordinator: { registered: null },
      worker1: { registered: { isactive: false } },
    };
    const remedies = judge(
      someSnapshot(changes, { environment: undefined, url: "postgres://app@db:5432/app" }),
    ).map(({ remedy }) => remedy);
    expect(remedies).toEqual([
      "SELECT citus_activate_node('10.0.0.2', 5432) on the coordinator",
      expect.stringContaining("SELECT citus_set_coordinator_host('10.0.0.1', 5432)"),
    ]);
  });

  it("names the command that lifts a mark which a killed run left on a declared worker: a deploy may register nothing", () => {
    const worker1 = { recorded: { leaving: LEAVING }, registered: { shouldhaveshards: false } };
    expect(judge(someSnapshot({ worker1 }))).toMatchObject([
      {
        check: "leaving",
        remedy: expect.stringContaining("`npx pg-dist add production server-b/worker1`") as string,
      },
    ]);
  });

  const MARKED = { recorded: { leaving: LEAVING }, registered: { shouldhaveshards: false } };

  it.each([
    ["the environment has", true],
    ["has left the environment", false],
  ])("takes the mark of a running drain or removal for no fault, of a worker that %s", (_title, declared) => {
    const running = { moving: true, draining: true };
    const findings = judge(someSnapshot({ worker1: { ...MARKED, declared } }, running));
    expect(findings).toMatchObject([
      {
        severity: "advice",
        check: "leaving",
        node: "server-b/worker1",
        what: "it is being drained or removed: marked as leaving since 2026-02-27T08:00:00.000Z, with 16 shards left on it",
        remedy:
          "wait for it: it lifts the mark by itself if it fails; `npx pg-dist activity production` shows it",
      },
    ]);
    expect(isHealthy(findings)).toBe(true);
  });

  it("warns of a mark that nobody works on, also while a rebalance runs", () => {
    const jobs = [someJob("running")];
    const findings = judge(someSnapshot({ worker1: { ...MARKED, declared: false } }, { moving: true, jobs }));
    expect(findings[0]).toMatchObject({
      severity: "warning",
      check: "leaving",
      remedy:
        "`npx cdktf deploy production` goes on with the removal, or where that has no changes `npx pg-dist remove production server-b/worker1`",
    });
  });

  it("lets a worker be emptied that bears no mark, and warns once it is", () => {
    const worker1 = { registered: { shouldhaveshards: false } };
    expect(judge(someSnapshot({ worker1 }, { moving: true }))).toMatchObject([
      { severity: "advice", check: "shouldhaveshards", remedy: "wait until the moves have ended" },
    ]);
    const empty = { ...worker1, shards: 0, shardGroups: 0 };
    expect(judge(someSnapshot({ worker1: empty }, { moving: true }))).toMatchObject([
      { severity: "warning", check: "shouldhaveshards" },
    ]);
  });

  it("names the command that registers a worker which was removed: a deploy has no changes then", () => {
    expect(judge(someSnapshot({ worker1: { registered: null, state: null } }))).toMatchObject([
      {
        check: "membership",
        remedy:
          "`npx cdktf deploy production` registers it, or where that has no changes `npx pg-dist add production server-b/worker1`",
      },
    ]);
  });

  it("names the command that takes a drained worker in again, and SQL where there is no environment", () => {
    const worker1 = { registered: { shouldhaveshards: false } };
    expect(judge(someSnapshot({ worker1 }))[0]?.remedy).toBe(
      "after a drain; to keep it: `npx pg-dist add production server-b/worker1`",
    );
    const byUrl = { environment: undefined, url: "postgres://app@db:5432/app" };
    expect(judge(someSnapshot({ worker1: { ...worker1, declared: undefined } }, byUrl))[0]?.remedy).toContain(
      "SELECT citus_set_node_property('10.0.0.2', 5432, 'shouldhaveshards', true)",
    );
  });
});

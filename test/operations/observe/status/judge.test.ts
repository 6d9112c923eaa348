import { describe, expect, it } from "vitest";
import { isHealthy } from "../../../../operations/base/finding";
import { judge as judgeData } from "../../../../operations/observe/status/judge";
import type { Snapshot } from "../../../../operations/observe/status/snapshot";
import { type NodeChanges, someJob, someSnapshot } from "./some-snapshot";
import { told } from "../../../fixtures/told";

const judge = (...given: Parameters<typeof judgeData>) => told(judgeData(...given));

const GB = 1024 ** 3;
const LEAVING = new Date("2026-02-27T08:00:00Z");

describe("judge", () => {
  it("finds nothing in a healthy cluster", () => {
    expect(judge(someSnapshot())).toEqual([]);
  });

  /** What is changed on worker1, and what is found, in lines: `severity check: text`. */
  const NODE: readonly [string, NodeChanges, string][] = [
    [
      "no answer",
      { state: null, failed: { what: "10.0.0.2:5432 refuses the connection", remedy: "start it" } },
      "broken reachability: 10.0.0.2:5432 refuses the connection",
    ],
    [
      "an empty server",
      { state: { groupid: 0, server_id: "new" } },
      "broken identity: the server at 10.0.0.2:5432 is empty",
    ],
    [
      "another server",
      { state: { server_id: "other" } },
      "broken identity: the server at 10.0.0.2:5432 is in group 1, but with server id other instead of id-1",
    ],
    [
      "a server of another group",
      { state: { groupid: 7, server_id: "other" } },
      "broken identity: another server answers at 10.0.0.2:5432: group 7 instead of 1",
    ],
    [
      "a server whose extension was made anew, with tables in it",
      { state: { groupid: 0, server_id: "new", table_count: 3 } },
      "broken identity: the server at 10.0.0.2:5432 has 3 table(s), but is in no cluster (group 0 instead of 1",
    ],
    [
      "a wrong name",
      { state: { cluster_name: "citus server-x/worker9 10.0.0.9:5432" } },
      'broken identity: the server at 10.0.0.2:5432 is another node: "citus server-x/worker9 10.0.0.9:5432"',
    ],
    [
      "lost shards",
      { state: { missing_count: 2, missing_shards: ["public.t_102008", "public.t_102010"] } },
      "broken missing-shards: 2 shard(s) that the metadata places on it are not there: public.t_102008, public.t_102010",
    ],
    [
      "an extension without its files",
      { state: { lost_files: ["extension geo", "library $libdir/geo"] } },
      "broken lost-files: its server lacks files that its database needs: extension geo, library $libdir/geo",
    ],
    [
      "other metadata",
      { state: { metadata_digest: "e" } },
      "broken metadata-drift: its copy of the metadata",
    ],
    [
      "an extension that was not updated",
      { state: { citus: "13.2.0" } },
      "broken extension: it runs Citus 13.2.0 with the extension of 13.0-1\nwarning versions: it runs Citus 13.2.0 (coordinator 13.0.3)",
    ],
    [
      "another minor version",
      { state: { postgres: "17.4" } },
      "warning versions: it runs PostgreSQL 17.4 (coordinator 17.2)",
    ],
    ["recovery", { state: { in_recovery: true } }, "broken recovery: it is in recovery"],
    ["read-only", { state: { read_only: true } }, "broken read-only: default_transaction_read_only is on"],
    [
      "a disk that gets full",
      { state: { disk: { available: 12 * GB, total: 100 * GB, forRoot: false } } },
      "warning disk: its disk is nearly full: 12 GB of 100 GB free (12 %)",
    ],
    [
      "a full disk",
      { state: { disk: { available: GB, total: 100 * GB, forRoot: false } } },
      "broken disk: its disk is nearly full",
    ],
    [
      "many connections",
      { state: { connections: { used: 85, max: 100, reserved: 3 } } },
      "warning connections: 85 of 100 connections are taken",
    ],
    [
      "no connections",
      { state: { connections: { used: 97, max: 100, reserved: 3 } } },
      "broken connections: 97 of 100 connections are taken",
    ],
    ["wal_level", { state: { wal_level: "replica" } }, "warning wal-level: wal_level is replica"],
    [
      "archiving",
      { state: { archive_failure: "0001 could not be archived at noon" } },
      "warning archiving: WAL archiving fails: 0001 could not be archived at noon",
    ],
    [
      "old transaction ids",
      { state: { xid_age: 1_600_000_000 } },
      "warning wraparound: its oldest transaction id is 1600000000",
    ],
    [
      "a certificate that isn't one",
      { state: { certificate: "x" } },
      "warning certificate: its certificate (ssl_cert_file) can't be read",
    ],
    [
      "not registered",
      { registered: null, state: null },
      "warning membership: it is in the environment, but not registered",
    ],
    [
      "not declared",
      { declared: false },
      "warning membership: it is registered (10.0.0.2:5432, node 2), but not in the environment",
    ],
    [
      "leaving",
      { recorded: { leaving: LEAVING }, registered: { shouldhaveshards: false }, declared: false },
      "warning leaving: it is marked as leaving since 2026-02-27T08:00:00.000Z, with 16 shards left on it",
    ],
    ["not active", { registered: { isactive: false } }, "broken inactive: it is not active"],
    ["no metadata", { registered: { hasmetadata: false } }, "warning metadata: it has no metadata"],
    [
      "out of sync",
      { registered: { metadatasynced: false } },
      "warning metadata: its metadata is out of sync",
    ],
    [
      "no new shards",
      { registered: { shouldhaveshards: false } },
      "warning shouldhaveshards: it takes no new shards",
    ],
    [
      "a prepared transaction",
      { state: { prepared: [{ gid: "citus_0_1_2_3", age: 7300 }] } },
      "warning prepared-transaction: the prepared transaction citus_0_1_2_3 is left over since 2 h 1 min",
    ],
    [
      "an unread slot",
      { state: { slots: [{ name: "standby", active: false, retained: 3 * GB }] } },
      "warning replication-slot: replication slot standby has no consumer and retains 3 GB of WAL\n" +
        "advice own-things: it holds what no other node has, and what keeps it from being removed: replication slot standby",
    ],
    [
      "a subscription of a move",
      { state: { subscriptions: ["citus_shard_move_subscription_10_1"] } },
      "warning subscription: the subscription citus_shard_move_subscription_10_1 is left over from a move",
    ],
    [
      "an open transaction",
      {
        state: {
          long: [
            {
              pid: 7,
              user: "app",
              application: "api",
              state: "idle in transaction",
              age: 600,
              query: "SELECT  1",
            },
          ],
        },
      },
      "warning long-transaction: process 7 (app, api) is idle in transaction for 10 min: SELECT 1",
    ],
  ];

  it.each(NODE)("finds %s", (_name, changes, expected) => {
    const findings = judge(someSnapshot({ worker1: changes }));
    expect(findings.map(({ severity, check, what }) => `${severity} ${check}: ${what}`)).toEqual(
      expected.split("\n").map((text) => expect.stringContaining(text) as string),
    );
    expect(findings[0]?.node).toBe("server-b/worker1");
    expect(findings[0]?.remedy).toMatch(/\S/);
    expect(isHealthy(findings)).toBe(false);
  });

  const WHOLE: readonly [string, Partial<Snapshot>, string][] = [
    [
      "orphans of a node that is gone",
      { orphans: [{ name: "public.t_1", groupid: 9, registered: false }] },
      "warning orphan: 1 orphan(s) of nodes that are no longer registered, e.g. public.t_1",
    ],
    [
      "orphans of moves",
      { orphans: [{ name: "public.t_1", groupid: 2, registered: true }] },
      "advice orphan: 1 orphan(s) of moves are still to be cleaned up, e.g. public.t_1",
    ],
    [
      "a rebalance that runs",
      { jobs: [{ id: 3, state: "running", tasks: 8, done: 2, error: null, retries: 0 }] },
      "advice rebalance: rebalance 3 is running, 2 of 8 moves done",
    ],
    [
      "a rebalance that fails",
      { jobs: [{ id: 3, state: "running", tasks: 8, done: 2, error: "ERROR: no room", retries: 4 }] },
      "warning rebalance: rebalance 3 is running, 2 of 8 moves done, after 4 retries: ERROR: no room",
    ],
    [
      "a rebalance that failed without a word",
      { jobs: [{ id: 3, state: "failing", tasks: 8, done: 2, error: null, retries: 0 }] },
      "warning rebalance: rebalance 3 is failing, 2 of 8 moves done, after 0 retries: no move says why, see the coordinator's log",
    ],
  ];

  const FAILED = { id: 3, state: "failed", tasks: 8, done: 2, error: "ERROR: no room", retries: 31 };

  it("warns of a failed rebalance while shards are uneven", () => {
    const findings = judge(someSnapshot({ worker2: { shards: 0, shardGroups: 0 } }, { jobs: [FAILED] }));
    expect(findings).toMatchObject([
      {
        severity: "warning",
        check: "rebalance",
        what: expect.stringContaining("rebalance 3 is failed, 2 of 8 moves done, after 31 retries") as string,
        remedy: "fix the cause; then `npx pg-dist rebalance production start`",
      },
      { severity: "advice", check: "rebalance-advised" },
    ]);
    expect(isHealthy(findings)).toBe(false);
  });

  it("takes a failed rebalance for no fault once nothing is left to move: nothing would ever clear it", () => {
    const findings = judge(someSnapshot({}, { jobs: [FAILED] }));
    expect(findings).toMatchObject([
      { severity: "advice", check: "rebalance", remedy: expect.stringContaining("plan`") as string },
    ]);
    expect(isHealthy(findings)).toBe(true);
  });

  it("says nothing of what a server holds that answers in the place of another", () => {
    const changes = {
      state: { groupid: 7, server_id: "other" },
      ownThings: [{ kind: "table", name: "public.t_102008" }],
    };
    expect(judge(someSnapshot({ worker1: changes })).map(({ check }) => check)).toEqual(["identity"]);
  });

  it("tells of a database that can't be read, and of missing passwords in the one that is shown", () => {
    const unreadable = "loaded Citus library version differs from installed extension version";
    const logins = { unstored: ["server-b/worker1"], refused: [] };
    const whole = {
      otherDatabases: [{ name: "app2", shards: 0, unreadable }],
      loginsHere: logins,
      database: "app3",
    };
    expect(judge(someSnapshot({}, whole)).map(({ severity, what }) => `${severity} ${what}`)).toEqual([
      expect.stringContaining("broken the Citus database app2 on these servers can't be read: loaded"),
      expect.stringContaining("warning in the Citus database app3 on these servers no password"),
    ]);
  });

  it("names slots and subscriptions of people's own beside their tables", () => {
    const state = { slots: [{ name: "idle", active: false, retained: null }], subscriptions: ["feed"] };
    const [finding] = judge(
      someSnapshot({ worker1: { state, ownThings: [{ kind: "table", name: "public.mine" }] } }),
    );
    expect(finding?.what).toMatch(/: table public\.mine, replication slot idle, subscription feed$/);
  });

  it.each(WHOLE)("finds %s", (_name, whole, expected) => {
    const found = judge(someSnapshot({}, whole)).map(
      ({ severity, check, what }) => `${severity} ${check}: ${what}`,
    );
    expect(found).toEqual([expect.stringContaining(expected)]);
  });

  const SLOT = "citus_shard_move_slot_2_10_1";
  const SUBSCRIPTION = "citus_shard_move_subscription_10_1";
  const OF_A_MOVE = {
    worker1: {
      state: { slots: [{ name: SLOT, active: false, retained: 0 }], subscriptions: [SUBSCRIPTION] },
    },
  };

  it.each([
    ["a session that moves", { moving: true }],
    ["a job that runs", { jobs: [someJob("running")] }],
    ["a job that is about to run", { jobs: [someJob("scheduled")] }],
  ])("takes what a move needs for no leftover: %s", (_name, whole) => {
    const orphans = [{ name: "public.t_1", groupid: 2, registered: true }];
    const findings = judge(someSnapshot(OF_A_MOVE, { ...whole, orphans }));
    expect(findings.filter(({ check }) => check !== "rebalance")).toEqual([]);
    expect(isHealthy(findings)).toBe(true);
  });

  it("leaves what Citus itself clears away after a move to Citus", () => {
    const orphans = [SLOT, SUBSCRIPTION].map((name) => ({ name, groupid: 1, registered: true }));
    const findings = judge(someSnapshot(OF_A_MOVE, { jobs: [someJob("finished")], orphans }));
    expect(findings.map(({ severity, check }) => `${severity} ${check}`)).toEqual(["advice orphan"]);
  });

  it("warns of what a move left behind, and Citus has no note of", () => {
    const findings = judge(someSnapshot(OF_A_MOVE, { jobs: [someJob("finished")] }));
    expect(findings.map(({ check }) => check)).toEqual(["replication-slot", "subscription"]);
    expect(isHealthy(findings)).toBe(false);
  });

  it("takes two nodes with one server id for copies", () => {
    const found = judge(someSnapshot({ worker2: { state: { server_id: "id-1" } } }));
    expect(found.map(({ what }) => what)).toContainEqual(
      expect.stringContaining("it has the same server id as server-b/worker1"),
    );
  });

  it("advises a rebalance where a worker is new, and is healthy all the same", () => {
    const findings = judge(someSnapshot({ worker2: { shards: 0, shardGroups: 0 } }));
    expect(findings).toMatchObject([
      {
        severity: "advice",
        what: "shards are uneven: server-b/worker1 has 16 in 16 colocated groups, 50 MB; server-c/worker1 has none",
        remedy: "`npx pg-dist rebalance production plan` shows what would move",
      },
    ]);
    expect(isHealthy(findings)).toBe(true);
  });

  it("says by which sizes shards are uneven where their numbers are the same", () => {
    const findings = judge(
      someSnapshot({ worker1: { shards: 32, state: { bytes: 14 * GB } }, worker2: { shards: 32 } }),
    );
    expect(findings).toMatchObject([
      {
        check: "rebalance-advised",
        what:
          "shards are uneven: server-b/worker1 has 32 in 16 colocated groups, 14 GB; " +
          "server-c/worker1 has 32 in 16 colocated groups, 50 MB",
      },
    ]);
  });

  it.each([
    ["one group more", { shardGroups: 17, shards: 17 }],
    ["a single group that has to be somewhere", { shardGroups: 1, shards: 1 }],
  ])("advises none for %s", (_name, worker1) => {
    const worker2 = worker1.shardGroups === 1 ? { shardGroups: 0, shards: 0 } : {};
    expect(judge(someSnapshot({ worker1, worker2 }))).toEqual([]);
  });

  it("names the address in the commands for a cluster without an environment", () => {
    const remedies = judge(
      someSnapshot(
        {
          worker1: { state: { connections: { used: 85, max: 100, reserved: 3 } } },
          worker2: { shards: 0, shardGroups: 0 },
        },
        { environment: undefined, url: "postgres://app@db:5432/app" },
      ),
    ).map(({ remedy }) => remedy);
    expect(remedies).toEqual([
      expect.stringContaining("pg-dist connections --url postgres://app@db:5432/app"),
      expect.stringContaining("SELECT * FROM get_rebalance_table_shards_plan()"),
    ]);
  });

  it("prints no command for an environment that there isn't", () => {
    const byUrl = { environment: undefined, url: "postgres://app@db:5432/app" };
    for (const [, changes] of NODE) {
      for (const { what, remedy } of judge(
        someSnapshot({ worker1: { ...changes, declared: undefined } }, byUrl),
      )) {
        expect(`${what}: ${remedy}`).not.toContain("undefined");
      }
    }
  });

  it("lists what is broken before what is only a warning", () => {
    const changes = {
      coordinator: { state: { wal_level: "replica" } },
      worker2: { state: { in_recovery: true } },
    };
    expect(judge(someSnapshot(changes)).map(({ severity }) => severity)).toEqual(["broken", "warning"]);
  });
});

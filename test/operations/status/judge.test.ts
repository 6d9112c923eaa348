import { describe, expect, it } from "vitest";
import { isHealthy } from "../../../operations/status/finding";
import { judge } from "../../../operations/status/judge";
import type { Snapshot } from "../../../operations/status/snapshot";
import { type NodeChanges, someSnapshot } from "./some-snapshot";

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
      "broken identity: another server answers at 10.0.0.2:5432",
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
      { state: { disk: { available: 12 * GB, total: 100 * GB } } },
      "warning disk: its disk is nearly full: 12 GB of 100 GB free (12 %)",
    ],
    [
      "a full disk",
      { state: { disk: { available: GB, total: 100 * GB } } },
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
      "warning replication-slot: the replication slot standby is read by nobody and keeps 3 GB of WAL",
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
  ];

  const FAILED = { id: 3, state: "failed", tasks: 8, done: 2, error: "ERROR: no room", retries: 31 };

  it("warns of a failed rebalance while shards are uneven", () => {
    const findings = judge(someSnapshot({ worker2: { shards: 0, shardGroups: 0 } }, { jobs: [FAILED] }));
    expect(findings).toMatchObject([
      {
        severity: "warning",
        check: "rebalance",
        what: expect.stringContaining("rebalance 3 is failed, 2 of 8 moves done, after 31 retries") as string,
        remedy: "repair the cause; then `npx pg-dist rebalance production start`",
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
  const job = (state: string) => ({ id: 3, state, tasks: 8, done: 2, error: null, retries: 0 });

  it.each([
    ["a session that moves", { moving: true }],
    ["a job that runs", { jobs: [job("running")] }],
    ["a job that is about to run", { jobs: [job("scheduled")] }],
  ])("takes what a move needs for no leftover: %s", (_name, whole) => {
    const orphans = [{ name: "public.t_1", groupid: 2, registered: true }];
    const findings = judge(someSnapshot(OF_A_MOVE, { ...whole, orphans }));
    expect(findings.filter(({ check }) => check !== "rebalance")).toEqual([]);
    expect(isHealthy(findings)).toBe(true);
  });

  it("leaves what Citus itself clears away after a move to Citus", () => {
    const orphans = [SLOT, SUBSCRIPTION].map((name) => ({ name, groupid: 1, registered: true }));
    const findings = judge(someSnapshot(OF_A_MOVE, { jobs: [job("finished")], orphans }));
    expect(findings.map(({ severity, check }) => `${severity} ${check}`)).toEqual(["advice orphan"]);
  });

  it("warns of what a move left behind, and Citus has no note of", () => {
    const findings = judge(someSnapshot(OF_A_MOVE, { jobs: [job("finished")] }));
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
        remedy: expect.stringContaining("`npx cdktf deploy production` to remove it") as string,
      },
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
    const jobs = [job("running")];
    const findings = judge(someSnapshot({ worker1: { ...MARKED, declared: false } }, { moving: true, jobs }));
    expect(findings[0]).toMatchObject({
      severity: "warning",
      check: "leaving",
      remedy: "`npx cdktf deploy production` goes on with the removal",
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

  describe("of long transactions", () => {
    const MOVE = {
      pid: 190,
      user: "postgres",
      application: "pg-dist drain server-b/worker1 ada@laptop pid 12",
      state: "active",
      age: 2 * 3600,
      query: "SELECT citus_move_shard_placement($1::bigint, $2::int, $3::int, $4)",
    };
    const COPY = {
      ...MOVE,
      pid: 172,
      application: "citus_internal gpid=10000000190",
      query: "COPY public.t_102008 FROM STDIN",
    };
    const RUNNING = { moving: true, movers: [190] };

    it("takes those of a move that runs for no fault, on every node, and ends none", () => {
      const locks = { ...COPY, state: "idle in transaction" };
      const findings = judge(
        someSnapshot(
          { coordinator: { state: { long: [MOVE] } }, worker1: { state: { long: [COPY, locks] } } },
          RUNNING,
        ),
      );
      expect(findings.map(({ severity, node }) => `${severity} ${node ?? ""}`)).toEqual([
        "advice server-a/coordinator",
        "advice server-b/worker1",
        "advice server-b/worker1",
      ]);
      expect(findings[0]?.what).toMatch(
        /^process 190 \(postgres, pg-dist drain .*\) is part of a move of shards that runs, for 2 h: SELECT citus_move/,
      );
      for (const { remedy } of findings) {
        expect(remedy).toMatch(/^wait for it; .*get_rebalance_progress/);
        expect(remedy).not.toContain("terminate");
      }
    });

    it("warns of others while a move runs: of another statement's, and of the same process id on another node", () => {
      const other = { ...COPY, application: "citus_internal gpid=10000001901" };
      const samePid = { ...MOVE, application: "api", query: "SELECT 1" };
      const findings = judge(someSnapshot({ worker1: { state: { long: [other, samePid] } } }, RUNNING));
      expect(findings.map(({ severity }) => severity)).toEqual(["warning", "warning"]);
      expect(findings[0]?.remedy).toContain("SELECT pg_terminate_backend(172) there ends it");
    });

    it("doesn't end a run of pg-dist on the server, where it can't tell why", () => {
      const register = {
        ...MOVE,
        application: "pg-dist register root@ci pid 7",
        query: "SELECT replicate_reference_tables()",
      };
      expect(judge(someSnapshot({ coordinator: { state: { long: [register] } } }))).toMatchObject([
        {
          severity: "warning",
          check: "long-transaction",
          remedy:
            "wait for this run of pg-dist, or interrupt it where it runs (Ctrl-C); `npx pg-dist activity production` shows it",
        },
      ]);
    });
  });

  it("lists what is broken before what is only a warning", () => {
    const changes = {
      coordinator: { state: { wal_level: "replica" } },
      worker2: { state: { in_recovery: true } },
    };
    expect(judge(someSnapshot(changes)).map(({ severity }) => severity)).toEqual(["broken", "warning"]);
  });
});

import { describe, expect, it } from "vitest";
import { judge as judgeData } from "../../../../../operations/observe/status/judge";
import { someSnapshot } from "../some-snapshot";
import { told } from "../../../../fixtures/told";

const judge = (...given: Parameters<typeof judgeData>) => told(judgeData(...given));

describe("long transactions", () => {
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
      /^process 190 \(postgres, pg-dist drain .*\) is part of a running move of shards, for 2 h: SELECT citus_move/,
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

it("names the transaction that a move waits for, of whatever database, and what ends it", () => {
  const process = {
    ...{ gpid: 0, internal: false, user: "app", application: "psql", wait: null, waited: null, blockers: [] },
    ...{ kind: "client backend", age: 700, prepared: null },
  };
  const waits = [
    {
      ...process,
      ...{
        pid: 473,
        gpid: 10_000_000_190,
        internal: true,
        kind: "walsender",
        database: "shop",
        state: "active",
      },
      ...{ wait: "Lock: transactionid", waited: 650, blockers: [459], query: "CREATE_REPLICATION_SLOT" },
    },
    { ...process, pid: 459, database: "reports", state: "idle in transaction", query: "INSERT INTO sums" },
  ];
  const changes = { worker1: { state: { waits } } };
  const [finding, ...others] = judge(someSnapshot(changes, { moving: true, movers: [190] }));
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    ...{ severity: "warning", check: "blocked-move", node: "server-b/worker1" },
    what:
      "a move of shards has waited 10 min for process 459 on server-b/worker1 (app, psql, database reports, " +
      "idle in transaction for 11 min: INSERT INTO sums)",
  });
  expect(finding?.remedy).toContain("ARRAY['SELECT pg_terminate_backend(459::int)']");
  // Somebody else's wait is no move's.
  expect(judge(someSnapshot(changes, { moving: true, movers: [191] }))).toEqual([]);
});

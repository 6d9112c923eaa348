import { expect, it } from "vitest";
import { activityScreen } from "../../../../operations/commands/activity/command";
import { locksScreen } from "../../../../operations/commands/locks/command";
import type { Activity } from "../../../../operations/cluster/waits/activity-of-node";
import { endBlocker } from "../../../../operations/cluster/waits/end-blocker";
import { lockWaits } from "../../../../operations/cluster/waits/lock-waits";
import { plain, show, someAnswers } from "../some-nodes";

const ASKED = someAnswers({}, {}, {});

function process(pid: number, changes: Partial<Activity>): Activity {
  return {
    ...{ node: "server-a/coordinator", pid, gpid: 10_000_000_000 + pid, internal: false, user: "shop" },
    ...{
      application: "shop-api",
      state: "active",
      wait: null,
      age: 8,
      waited: null,
      blockers: [],
      prepared: [],
    },
    ...{ kind: "client backend", database: "shop" },
    query: "UPDATE orders\n   SET note = 'b'\n WHERE customer_id = 7",
    ...changes,
  };
}

/** An update that waits on a worker for a transaction that idles. */
const ACTIVITY: readonly Activity[] = [
  process(71, {
    state: "idle in transaction",
    age: 754,
    user: "ada",
    application: "psql",
    query: "SELECT 1",
  }),
  process(72, { wait: "Client: ClientRead", age: 310 }),
  process(801, {
    ...{
      node: "server-b/worker1",
      gpid: 10_000_000_072,
      internal: true,
      age: 310,
      waited: 9,
      wait: "Lock: transactionid",
    },
    ...{ application: "citus_internal gpid=10000000072", blockers: [802] },
    query: "UPDATE public.orders_102008 orders SET note = 'b' WHERE customer_id = 7",
  }),
  process(802, {
    ...{ node: "server-b/worker1", gpid: 10_000_000_071, internal: true, state: "idle in transaction" },
    application: "citus_internal gpid=10000000071",
  }),
];

it.each([Infinity, 80])("activity, in %d columns, with a node that doesn't answer", (width) => {
  expect(show(activityScreen(ACTIVITY, someAnswers({}, {}), plain, width))).toMatchSnapshot();
});

it.each([Infinity, 80])("locks, in %d columns", (width) => {
  expect(show(locksScreen(endable(ACTIVITY), ASKED, plain, width))).toMatchSnapshot();
});

it("activity and locks where there is nothing", () => {
  expect(show(activityScreen([], ASKED, plain, 80))).toMatchSnapshot();
  expect(show(locksScreen([], ASKED, plain, 80))).toMatchSnapshot();
});

it("locks that a move waits for: a transaction of another database, and one that is prepared", () => {
  const node = "server-b/worker1";
  const walsender = process(473, {
    ...{ node, internal: true, kind: "walsender", wait: "Lock: transactionid", waited: 700, age: 700 },
    application: "citus_internal gpid=10000000524",
    query: "CREATE_REPLICATION_SLOT citus_shard_move_slot_3_10_1 LOGICAL pgoutput EXPORT_SNAPSHOT",
    blockers: [459, 0],
    prepared: [{ gid: "app-7", database: "shop", age: 90 }],
  });
  const idle = process(459, {
    ...{ node, gpid: 0, database: "reports", state: "idle in transaction", age: 750 },
    query: "INSERT INTO sums VALUES (1)",
  });
  expect(show(locksScreen(endable([walsender, idle]), ASKED, plain, Infinity))).toMatchSnapshot();
});

function endable(activity: readonly Activity[]) {
  return lockWaits(activity).map((wait) => ({
    ...wait,
    end: endBlocker(
      wait.blocking,
      wait.blocking.node === "server-b/worker1" ? { host: "10.0.0.2", port: 5432 } : undefined,
    ),
  }));
}

import { describe, expect, it } from "vitest";
import { isLong } from "../../../../operations/commands/locks/command";
import type { Activity } from "../../../../operations/cluster/waits/activity-of-node";
import { lockWaits } from "../../../../operations/cluster/waits/lock-waits";

function process(node: string, pid: number, gpid: number, changes: Partial<Activity> = {}): Activity {
  return {
    node,
    pid,
    gpid,
    internal: false,
    user: "app",
    application: "",
    state: "active",
    wait: null,
    age: 5,
    waited: null,
    query: `query of ${node} ${pid}`,
    blockers: [],
    prepared: [],
    kind: "client backend",
    database: "shop",
    ...changes,
  };
}

describe("lockWaits", () => {
  it("names the clients' statements where their shards wait on a worker, once for many nodes", () => {
    const waits = { internal: true, wait: "Lock: transactionid" };
    const found = lockWaits([
      process("coordinator", 10, 1),
      process("coordinator", 20, 2),
      process("worker1", 30, 1, { internal: true }),
      process("worker1", 40, 2, { ...waits, blockers: [30] }),
      process("worker2", 50, 1, { internal: true }),
      process("worker2", 60, 2, { ...waits, blockers: [50] }),
    ]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      node: "worker1",
      wait: "transactionid",
      waiting: { gpid: 2, node: "coordinator", query: "query of coordinator 20" },
      blocking: { gpid: 1, node: "coordinator", query: "query of coordinator 10" },
    });
  });

  it("tells how long the lock is waited for, not how long the statement runs; the longest first", () => {
    const waiting = { wait: "Lock: relation", internal: true };
    const found = lockWaits([
      process("worker1", 10, 1),
      process("worker1", 20, 2, { ...waiting, age: 7200, waited: 3, blockers: [10] }),
      process("worker2", 10, 1),
      process("worker2", 20, 2, { ...waiting, age: 7200, waited: 12, blockers: [10] }),
      process("worker2", 30, 3, { ...waiting, age: 301, waited: 300, blockers: [10] }),
      // Its wait has no start yet.
      process("worker2", 40, 4, { ...waiting, age: 7200, waited: 0, blockers: [10] }),
    ]);
    expect(found.map(({ node, age, waited }) => ({ node, age, waited }))).toEqual([
      { node: "worker2", age: 301, waited: 300 },
      { node: "worker2", age: 7200, waited: 12 },
      { node: "worker2", age: 7200, waited: 0 },
    ]);
    expect(found.map(isLong)).toEqual([true, false, false]);
  });

  it("tells processes without a global pid apart by node and pid", () => {
    const found = lockWaits([
      process("worker1", 1, 0),
      process("worker1", 2, 0, { blockers: [1] }),
      process("worker2", 1, 0),
      process("worker2", 2, 0, { blockers: [1] }),
    ]);
    expect(found.map(({ waiting }) => waiting.node)).toEqual(["worker1", "worker2"]);
  });

  it("names a prepared transaction, which has no process, and one of another database", () => {
    const prepared = [{ gid: "app-7", database: "shop", age: 90 }];
    const found = lockWaits([
      process("worker1", 2, 7, { blockers: [0, 3], prepared }),
      process("worker1", 3, 0, { database: "reports", state: "idle in transaction", age: 60 }),
    ]);
    expect(found.map(({ blocking }) => blocking)).toMatchObject([
      { gpid: 0, pid: 0, state: "prepared", gid: "app-7", since: 90, node: "worker1" },
      { gpid: 0, pid: 3, state: "idle in transaction", since: 60, database: "reports", gid: null },
    ]);
  });

  it("has a blocker of which only the number is known", () => {
    const [wait] = lockWaits([process("worker1", 2, 7, { blockers: [0] })]);
    expect(wait?.blocking).toMatchObject({ gpid: 0, pid: 0, state: "no client" });
  });
});

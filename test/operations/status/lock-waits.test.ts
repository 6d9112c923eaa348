import { describe, expect, it } from "vitest";
import type { Activity } from "../../../operations/status/activity";
import { lockWaits } from "../../../operations/status/lock-waits";

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
    query: `query of ${node} ${pid}`,
    blockers: [],
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

  it("tells processes without a global pid apart by node and pid", () => {
    const found = lockWaits([
      process("worker1", 1, 0),
      process("worker1", 2, 0, { blockers: [1] }),
      process("worker2", 1, 0),
      process("worker2", 2, 0, { blockers: [1] }),
    ]);
    expect(found.map(({ waiting }) => waiting.node)).toEqual(["worker1", "worker2"]);
  });

  it("shows a prepared transaction as a blocker without a client", () => {
    const [wait] = lockWaits([process("worker1", 2, 7, { blockers: [0] })]);
    expect(wait?.blocking).toMatchObject({ gpid: 0, pid: 0, state: "no client" });
  });
});

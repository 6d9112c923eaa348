import { describe, expect, it } from "vitest";
import { Stopwatch } from "../../../../operations/base/stopwatch";
import { estimateTime, formatSeconds } from "../../../../operations/change/rebalance/estimate";
import {
  type Job,
  type Task,
  failingTask,
  isOver,
  messageOf,
} from "../../../../operations/change/rebalance/job";
import { JobLines } from "../../../../operations/change/rebalance/lines";
import { type JobProgress, measureJob } from "../../../../operations/change/rebalance/progress-of-job";
import type { Session } from "../../../../operations/cluster/connection/session";

const MB = 1024 * 1024;

function task(changes: Partial<Task> = {}): Task {
  return { id: "1", status: "runnable", shardid: "102008", target: 3, retries: 0, message: "", ...changes };
}

describe("how long a rebalance takes", () => {
  it("is at least its fixed part where no other was finished, or none that says how fast bytes are copied", () => {
    expect(estimateTime({ moves: 10, bytes: 500 * MB })).toMatchObject({ seconds: 14, complete: false });
    const small = { moves: 4, bytes: 5 * MB, seconds: 9 };
    expect(estimateTime({ moves: 10, bytes: 500 * MB }, small)).toMatchObject({
      seconds: 14,
      complete: false,
    });
  });

  it("has the bytes at the last one's speed", () => {
    const last = { moves: 10, bytes: 1000 * MB, seconds: 24 };
    expect(estimateTime({ moves: 10, bytes: 500 * MB }, last)).toMatchObject({ seconds: 19, complete: true });
    // Moved with writes blocked: faster than online moves of empty shards.
    const blocking = { moves: 10, bytes: 1000 * MB, seconds: 10 };
    expect(estimateTime({ moves: 10, bytes: 500 * MB }, blocking)).toMatchObject({ seconds: 19 });
  });

  it.each([
    [12, "12 s"],
    [720, "12 min"],
    [12600, "3.5 h"],
  ])("%d s are written as %s", (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});

describe("a task that fails", () => {
  const job = (...tasks: Task[]): Job => ({ id: "7", state: "running", tasks });

  it("is found at its first retry, also while it waits for the second", () => {
    expect(failingTask(job(task(), task({ id: "2", retries: 1 })))?.id).toBe("2");
    expect(failingTask(job(task({ status: "error" })))?.id).toBe("1");
  });

  it("is none that was done at its second try", () => {
    expect(
      failingTask(job(task({ status: "done", retries: 1 }), task({ status: "cancelled", retries: 1 }))),
    ).toBe(undefined);
  });

  it("is none while it is tried again, unless it failed since the watch began: its cause may be repaired", () => {
    const again = job(task({ status: "running", retries: 2 }));
    expect(failingTask(again)).toBe(undefined);
    expect(failingTask(again, again)).toBe(undefined);
    expect(failingTask(again, job(task({ status: "running", retries: 1 })))?.id).toBe("1");
    expect(failingTask(again, job(task()))?.id).toBe("1");
    expect(failingTask(job(task({ retries: 2 })), again)?.id).toBe("1");
  });

  it("says what Citus said, without Citus' own queue", () => {
    const message =
      "ERROR: not enough empty space\nHINT: consider lowering it.\nCONTEXT: Citus Background Task Queue Executor: postgres/postgres for (2/10)\n";
    expect(messageOf(task({ message }))).toBe("not enough empty space HINT: consider lowering it.");
    expect(messageOf(task())).toBe("no message");
  });

  it("keeps its job going", () => {
    const states = ["scheduled", "running", "cancelling", "failing", "finished", "cancelled", "failed"];
    expect(states.filter((state) => isOver({ ...job(), state }))).toEqual([
      "finished",
      "cancelled",
      "failed",
    ]);
  });
});

describe("the sizes of moves that run", () => {
  const running = { id: "7", state: "running", tasks: [task({ status: "running", pid: 42 })] };
  const groups = new Map([["102008", { shards: 2, bytes: 100 * MB, tables: ["a", "b"] }]]);
  const measure = async (progress: () => object[]) => {
    const query = async (sql: string) => (sql.includes("get_rebalance_progress") ? progress() : []);
    return (await measureJob({ query } as unknown as Session, running, groups)).running[0];
  };

  it("are unknown while the servers take too long, which doesn't say that they don't answer", async () => {
    const late = Object.assign(new Error("statement timeout"), { code: "57014", severity: "ERROR" });
    const move = await measure(() => {
      throw late;
    });
    expect(move).toMatchObject({ phase: "size unknown now" });
    expect(move?.copied).toBe(undefined);
  });

  it("are at most those of the sources, and nothing before the copy begins", async () => {
    const copy = { pid: 42, copied: String(200 * MB), phase: "Copying Data" };
    expect(await measure(() => [copy])).toMatchObject({ phase: "Copying Data", copied: 100 * MB });
    expect(await measure(() => [])).toMatchObject({ phase: "starting", copied: 0 });
  });
});

describe("lines about a rebalance", () => {
  const at = (done: number, copied?: number): JobProgress => ({
    job: { id: "7", state: "running", tasks: [task({ status: "running" }), task({ status: "blocked" })] },
    total: { shards: 4, bytes: 400 * MB },
    done: { shards: done, bytes: done * 100 * MB },
    running: [
      {
        task: task(),
        group: { shards: 2, bytes: 200 * MB, tables: ["a", "b"] },
        ...(copied === undefined ? {} : { copied: copied * MB }),
        phase: "",
      },
    ],
  });

  it("come at the start, at each finished move, and every ten seconds, with the speed since the start", () => {
    let now = 0;
    const lines: string[] = [];
    const view = new JobLines((line) => lines.push(line), new Stopwatch(() => now));
    const show = (seconds: number, progress: JobProgress) => {
      now = seconds * 1000;
      view.show(progress);
    };
    show(0, at(0, 0));
    show(1, at(0, 10));
    show(2, at(2, 0));
    show(11, at(2, 50));
    show(12, at(2, 100));
    show(22, at(2));
    expect(lines).toEqual([
      "rebalance 7: 0 of 4 shards moved, 0 bytes of 400 MB; tasks: 1 running, 1 blocked",
      "rebalance 7: 2 of 4 shards moved, 200 MB of 400 MB (100 MB/s); tasks: 1 running, 1 blocked",
      "rebalance 7: 2 of 4 shards moved, 300 MB of 400 MB (25 MB/s); tasks: 1 running, 1 blocked",
      "rebalance 7: 2 of 4 shards moved, 200 MB of 400 MB not counting what is being copied (size unknown now); tasks: 1 running, 1 blocked",
    ]);
  });
});

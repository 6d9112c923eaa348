import { afterEach, describe, expect, it, vi } from "vitest";
import type { JobView } from "../../../../operations/commands/rebalance/job-view";
import type { JobProgress } from "../../../../operations/change/rebalance/progress-of-job";
import type { Changing } from "../../../../operations/cli/change-command";
import { untilLeft, watchJob } from "../../../../operations/commands/rebalance/watch";
import { someCluster } from "../../../fixtures/some-cluster";

const listeners = {
  SIGINT: process.listenerCount("SIGINT"),
  SIGTERM: process.listenerCount("SIGTERM"),
  SIGHUP: process.listenerCount("SIGHUP"),
};

const PROGRESS = {} as JobProgress;

function recordingView(): { view: JobView; seen: string[] } {
  const seen: string[] = [];
  return { seen, view: { show: () => seen.push("show"), end: () => seen.push("end") } };
}

describe("a watch", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "is left by %s at once, with the terminal as it was, also while the server doesn't answer",
    async (name) => {
      const { view, seen } = recordingView();
      let show: JobView["show"] = () => undefined;
      const watching = untilLeft(view, (given) => {
        show = given;
        show(PROGRESS);
        return new Promise<never>(() => undefined);
      });
      process.emit(name);
      expect(await watching).toBe(undefined);
      // An answer that comes after all draws nothing any more.
      show(PROGRESS);
      expect(seen).toEqual(["show", "end"]);
      expect(process.listenerCount(name)).toBe(listeners[name]);
    },
  );

  it("ends with its work, and with its error", async () => {
    const { view, seen } = recordingView();
    expect(await untilLeft(view, async () => 7)).toBe(7);
    await expect(untilLeft(view, () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
    expect(seen).toEqual(["end", "end"]);
  });

  it.each([
    ["SELECT pg_catalog.replicate_reference_tables('auto')", "copying the reference tables"],
    ["SELECT pg_catalog.citus_move_shard_placement(102008, 2, 3, 'auto')", "moving shard 102008"],
  ])("says what the task was to do that fails: %s", async (command, work) => {
    const failing = {
      id: "1",
      status: "runnable",
      command,
      pid: null,
      retries: 1,
      message: "ERROR:  no room",
    };
    const answers: [RegExp, object[]][] = [
      [/pg_dist_background_job /, [{ state: "running" }]],
      [/pg_dist_background_task /, [failing]],
    ];
    const session = {
      query: async (sql: string) => answers.find(([asked]) => asked.test(sql))?.[1] ?? [],
    };
    const target = { cluster: someCluster(), session, progress: () => undefined } as unknown as Changing;
    await expect(watchJob(target, "12", false)).rejects.toThrow(`rebalance 12: ${work} fails: no room`);
  });

  describe("that is left, of a server that doesn't answer", () => {
    afterEach(() => vi.restoreAllMocks());
    const target = {
      cluster: someCluster(),
      session: { query: () => new Promise(() => undefined) },
      progress: () => undefined,
    } as unknown as Changing;

    const leave = (json: boolean) => {
      const written: string[] = [];
      vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
      const watching = watchJob(target, "12", json);
      process.emit("SIGINT");
      return { watching, written };
    };

    it("says how to see it again", async () => {
      const { watching, written } = leave(false);
      expect(await watching).toBe(0);
      expect(written.join("")).toContain("npx pg-dist rebalance production watch");
    });

    it("is a failure where JSON is wanted, and prints no prose", async () => {
      const { watching, written } = leave(true);
      await expect(watching).rejects.toThrow("left rebalance 12 before it ended: it goes on");
      expect(written).toEqual([]);
    });
  });
});

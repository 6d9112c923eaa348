import { describe, expect, it } from "vitest";
import type { JobView } from "../../operations/rebalance/job-view";
import type { JobProgress } from "../../operations/rebalance/progress-of-job";
import { untilLeft } from "../../operations/rebalance/watch";

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
});

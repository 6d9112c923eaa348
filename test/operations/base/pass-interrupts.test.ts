import { afterEach, describe, expect, it, vi } from "vitest";
import { runChild } from "../../../operations/base/child-process";
import { passInterrupts } from "../../../operations/base/pass-interrupts";
import { Stopwatch } from "../../../operations/base/stopwatch";

describe("interrupts of this program", () => {
  afterEach(() => vi.restoreAllMocks());

  it("go on to a child as SIGINT, one that comes right after another as the same, until they are let go", () => {
    let now = 0;
    const kill = vi.fn(() => true);
    const counts: number[] = [];
    const before = process.listenerCount("SIGTERM");
    const release = passInterrupts({ kill }, (count) => counts.push(count), new Stopwatch(() => now));
    process.emit("SIGINT");
    now = 500;
    process.emit("SIGINT");
    process.emit("SIGTERM");
    expect(counts).toEqual([1]);
    now = 1600;
    process.emit("SIGHUP");
    expect(counts).toEqual([1, 2]);
    expect(kill.mock.calls).toEqual([["SIGINT"], ["SIGINT"]]);
    release();
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });

  it("have a child end in its own way, which has a process group of its own", async () => {
    const script = `
      process.once("SIGINT", () => { console.log("ending"); clearInterval(timer); });
      const timer = setInterval(() => undefined, 1000);
      console.log("ready");`;
    const lines: string[] = [];
    const { code } = await runChild(process.execPath, ["-e", script], {
      env: process.env,
      onLine: (line) => {
        lines.push(line);
        if (line === "ready") process.emit("SIGINT");
      },
      onInterrupt: (count) => lines.push(`interrupt ${count}`),
    });
    expect(lines).toEqual(["ready", "interrupt 1", "ending"]);
    expect(code).toBe(0);
    expect(process.listenerCount("SIGINT")).toBe(0);
  });
});

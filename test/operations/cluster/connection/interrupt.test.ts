import { expect, test, vi } from "vitest";
import { interruptible } from "../../../../operations/cluster/connection/interrupt";

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s cancels the statement that runs, and lets work put back what it changed",
  async (name) => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const before = process.listenerCount(name);
    let fail = (_error: Error): void => undefined;
    // The statement fails by the cancel, and the cancel is over only then.
    const cancel = vi.fn(async () => {
      fail(new Error("canceling statement due to user request"));
      await new Promise(setImmediate);
    });
    const told = vi.fn();
    const work = interruptible({ cancel }, () => new Promise((_resolve, reject) => (fail = reject)), told);
    process.emit(name, name);
    // As npm passes it on, or who presses twice.
    process.emit(name, name);
    await expect(work).rejects.toThrow(`interrupted by ${name}: run it again: it resumes where it stopped`);
    expect(cancel).toHaveBeenCalledOnce();
    expect(told).toHaveBeenCalledExactlyOnceWith(name);
    // Nor does one end what is put back afterwards; a later one does.
    expect(process.listenerCount(name)).toBe(before + 1);
    vi.runAllTimers();
    expect(process.listenerCount(name)).toBe(before);
    vi.useRealTimers();
  },
);

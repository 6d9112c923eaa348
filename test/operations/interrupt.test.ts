import { expect, test } from "vitest";
import { interruptible } from "../../operations/interrupt";

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s lets work put back what it changed", async (name) => {
  const before = process.listenerCount(name);
  const work = interruptible(async (signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    signal.throwIfAborted();
  });
  process.emit(name, name);
  await expect(work).rejects.toThrow(`interrupted by ${name}: apply again: it goes on from here`);
  expect(process.listenerCount(name)).toBe(before);
});

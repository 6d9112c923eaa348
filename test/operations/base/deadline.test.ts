import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Deadline } from "../../../operations/base/deadline";
import { Stopwatch } from "../../../operations/base/stopwatch";

describe("a deadline", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "Date"] }));
  afterEach(() => void vi.useRealTimers());

  it("comes nearer, and is passed then", () => {
    const deadline = Deadline.in(1000);
    vi.advanceTimersByTime(400);
    expect([deadline.left(), deadline.passed]).toEqual([600, false]);
    vi.advanceTimersByTime(600);
    expect([deadline.left(), deadline.left(1), deadline.passed]).toEqual([0, 1, true]);
    vi.advanceTimersByTime(5000);
    expect(deadline.left()).toBe(0);
  });

  it("stays where it is when the machine's clock is set", () => {
    const deadline = Deadline.in(1000);
    vi.setSystemTime(new Date("2040-01-01"));
    expect(deadline.left()).toBe(1000);
  });

  it("may be far, or never", () => {
    expect(Deadline.in(Infinity).left()).toBe(Infinity);
    expect(Deadline.in(Infinity).passed).toBe(false);
    expect(Deadline.in(1000).earlier(300).left()).toBe(700);
  });
});

it("a deadline cuts a sleep short", async () => {
  const watch = new Stopwatch();
  const deadline = Deadline.in(20);
  await deadline.sleep(60_000);
  expect(watch.ms).toBeLessThan(30_000);
  await deadline.sleep(60_000);
});

it("a stopwatch runs from its start, or its last restart", () => {
  let now = 500;
  const watch = new Stopwatch(() => now);
  now = 2000;
  expect([watch.ms, watch.seconds]).toEqual([1500, 1.5]);
  watch.restart();
  expect(watch.ms).toBe(0);
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createProgress } from "../../quickstart/progress.mjs";

describe("progress", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it("says every 15 s what still goes on, until something else was said", () => {
    const written: string[] = [];
    const { say, print, end } = createProgress((text) => written.push(text));
    say("installing the npm packages (npm ci): some minutes");
    vi.advanceTimersByTime(31_000);
    say("done");
    print("result");
    vi.advanceTimersByTime(60_000);
    end();
    expect(written).toEqual([
      "[   0s] installing the npm packages (npm ci): some minutes\n",
      "[  15s] ... still installing the npm packages\n",
      "[  30s] ... still installing the npm packages\n",
      "[  31s] done\n",
      "result\n",
    ]);
  });
});

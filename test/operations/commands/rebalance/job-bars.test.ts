import { PassThrough } from "node:stream";
import { Stopwatch } from "../../../../operations/base/stopwatch";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { barLine, layOut } from "../../../../operations/commands/rebalance/bar-rows";
import type { Task } from "../../../../operations/change/rebalance/job";
import { JobBars } from "../../../../operations/commands/rebalance/job-bars";
import { type JobProgress, SIZE_UNKNOWN } from "../../../../operations/change/rebalance/progress-of-job";

const MB = 1024 * 1024;

function task(id: string, shardid: string): Task {
  return { id, status: "running", shardid, target: 3, retries: 0, message: "" };
}

/** Two moves at once, of which the second only catches up. */
function progress(copied?: number): JobProgress {
  const tasks = [task("1", "102008"), task("2", "102016")];
  const group = { shards: 2, bytes: 200 * MB, tables: ["public.orders", "public.lines"] };
  return {
    job: { id: "12", state: "running", tasks },
    total: { shards: 16, bytes: 1600 * MB },
    done: { shards: 4, bytes: 400 * MB },
    running: tasks.map((each, index) => {
      if (copied === undefined) return { task: each, group, phase: SIZE_UNKNOWN };
      return index === 0
        ? { task: each, group, copied: copied * MB, phase: "Copying Data" }
        : { task: each, group, copied: 200 * MB, phase: "Catching Up" };
    }),
  };
}

/** The lines of the last drawing, on a terminal of this width. */
function draw(columns: number, ...last: JobProgress[]): string[] {
  let now = 0;
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns });
  let output = "";
  stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const bars = new JobBars(stream as unknown as NodeJS.WriteStream, new Stopwatch(() => now));
  bars.show(progress(20));
  now = 4000;
  for (const each of [progress(60), ...last]) bars.show(each);
  bars.end();
  stream.read();
  const drawn = output.slice(output.lastIndexOf("\x1b[?25h"));
  return stripVTControlCharacters(drawn)
    .split("\n")
    .filter((line) => line.trim() !== "");
}

/** How full it is, as a part of ten. */
function barOf(line: string): number {
  const [bar = ""] = /[█░]+/.exec(line) ?? [];
  return Math.round((10 * bar.replaceAll("░", "").length) / bar.length);
}

describe("the bars of a rebalance", () => {
  it.each([80, 120])("have speed and time left, of the whole and of each move, in %d columns", (columns) => {
    const lines = draw(columns);
    expect(lines).toEqual([
      expect.stringMatching(/^rebalance 12 \(4\/16 shards\) +█+░+ +10 MB\/s, 94 s left +660 MB of 1\.56 GB/),
      expect.stringMatching(/^public\.orders \+1 \(102008\) +█+░+ +10 MB\/s, 14 s left +60 MB of 200 MB/),
      expect.stringMatching(/^public\.orders \+1 \(102016\) +█+ +catching up +200 MB of 200 MB/),
    ]);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  });

  it("stay as they were while the sizes are unknown, and say so", () => {
    const before = draw(120).map(barOf);
    const lines = draw(120, progress());
    expect(lines.map(barOf)).toEqual(before);
    expect(lines).toEqual([
      expect.stringMatching(/^rebalance 12 .* size unknown now +\? of 1\.56 GB/),
      ...["102008", "102016"].map(
        (id) => expect.stringMatching(`\\(${id}\\) .* size unknown now +\\? of 200 MB`) as string,
      ),
    ]);
  });

  it("shorten the name before speed and time left", () => {
    const row = {
      name: "a_schema.a_table_of_some_length (102008)",
      note: "10 MB/s, 14 s left",
      sizes: "1 of 2",
    };
    const layout = layOut([row], 50);
    const line = barLine(row, "#".repeat(layout.bar), layout);
    expect(line).toBe("a_schema.a_…  ########  10 MB/s, 14 s left  1 of 2");
  });
});

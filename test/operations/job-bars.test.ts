import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { barLine, layOut } from "../../operations/rebalance/bar-rows";
import type { Task } from "../../operations/rebalance/job";
import { JobBars } from "../../operations/rebalance/job-bars";
import type { JobProgress } from "../../operations/rebalance/progress-of-job";

const MB = 1024 * 1024;

function task(id: string, shardid: string): Task {
  return { id, status: "running", shardid, target: 3, retries: 0, message: "" };
}

/** Two moves at once, of which the second only catches up. */
function progress(copied: number): JobProgress {
  const tasks = [task("1", "102008"), task("2", "102016")];
  const group = { shards: 2, bytes: 200 * MB, tables: ["public.orders", "public.lines"] };
  return {
    job: { id: "12", state: "running", tasks },
    total: { shards: 16, bytes: 1600 * MB },
    done: { shards: 4, bytes: 400 * MB },
    running: tasks.map((each, index) => ({
      task: each,
      group,
      copied: index === 0 ? copied * MB : 200 * MB,
      phase: index === 0 ? "Copying Data" : "Catching Up",
    })),
  };
}

/** The lines of the last drawing, on a terminal of this width. */
function draw(columns: number): string[] {
  let now = 0;
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns });
  let output = "";
  stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const bars = new JobBars(stream as unknown as NodeJS.WriteStream, () => now);
  bars.show(progress(20));
  now = 4000;
  bars.show(progress(60));
  bars.end();
  stream.read();
  const last = output.slice(output.lastIndexOf("\x1b[?25h"));
  return stripVTControlCharacters(last)
    .split("\n")
    .filter((line) => line.trim() !== "");
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

import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { filterLines } from "../../../../operations/commands/logs/filter-lines";

describe("lines of a log", () => {
  const filtered = (chunks: readonly Buffer[], pattern?: RegExp) =>
    text(Readable.from(chunks).pipe(filterLines(pattern)));
  const chunks = (...parts: string[]) => parts.map((part) => Buffer.from(part));

  it("that match come whole, wherever the chunks end", async () => {
    const log = chunks("LOG: one\nERR", "OR: two\nLOG: three\nFAT", "AL: four");
    expect(await filtered(log, /ERROR|FATAL/)).toBe("ERROR: two\nFATAL: four\n");
  });

  it("all come without a pattern, also where a character is cut in two", async () => {
    const bytes = Buffer.from("müller\n\nend\n");
    expect(await filtered([bytes.subarray(0, 2), bytes.subarray(2)])).toBe("müller\n\nend\n");
  });

  it("that don't match leave nothing", async () => {
    expect(await filtered(chunks("a\nb\n"), /c/)).toBe("");
  });
});

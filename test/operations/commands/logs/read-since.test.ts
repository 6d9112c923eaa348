import { expect, it } from "vitest";
import { readSince } from "../../../../operations/commands/logs/read-since";

const NOW = Date.parse("2026-05-02T00:00:00Z");

it.each([
  ["10m", NOW / 1000 - 600],
  ["1h30m", NOW / 1000 - 5400],
  ["1.5s500ms", NOW / 1000 - 2],
  ["2026-05-01T10:00:00Z", Date.parse("2026-05-01T10:00:00Z") / 1000],
  // This machine's time, as docker has it.
  ["2026-05-01T10:00:00", new Date(2026, 4, 1, 10).getTime() / 1000],
  ["2026-05-01", new Date(2026, 4, 1).getTime() / 1000],
  ["1777600000.5", 1_777_600_000.5],
  ["yesterday", undefined],
  ["10", undefined],
  ["2026-99-99", undefined],
])("reads --since %s", (text, seconds) => {
  expect(readSince(text, NOW)).toBe(seconds);
});

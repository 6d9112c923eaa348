import { expect, it } from "vitest";
import { formatDuration } from "../../../operations/base/duration";

it.each([
  [0, "0 s"],
  [59.9, "59 s"],
  [60, "1 min"],
  [95, "1 min 35 s"],
  [3599, "59 min"],
  [3600, "1 h"],
  [7300, "2 h 1 min"],
  [90_000, "1 d 1 h"],
  [86_400 * 400, "400 d"],
])("formats %d seconds", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

import { describe, expect, it } from "vitest";
import { parseOptions, USAGE } from "../../quickstart/options.mjs";

describe("options of quickstart", () => {
  it("deploys without one, takes away with --destroy, explains with --help", () => {
    expect(parseOptions([])).toBe("up");
    expect(parseOptions(["--destroy"])).toBe("down");
    expect(parseOptions(["--help"])).toBe("help");
    expect(parseOptions(["-h", "--destroy"])).toBe("help");
  });

  it.each([
    [["--destory"], "Unknown option '--destory'"],
    [["production"], "Unexpected argument 'production'"],
    [["--destroy=yes"], "Option '--destroy' does not take an argument"],
  ])("refuses %s as wrong usage, with the usage", (args, summary) => {
    expect(() => parseOptions(args)).toThrow(
      expect.objectContaining({ summary, exitCode: 2, detail: USAGE.split("\n") }),
    );
  });
});

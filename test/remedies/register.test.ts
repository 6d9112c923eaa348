import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { collectRemedies } from "./collect";
import { type Registered, isSame, readRegister } from "./update";

const ROOT = join(__dirname, "../..");

describe("the register of remedies", () => {
  const register = readRegister();
  const texts = (remedies: readonly Pick<Registered, "file" | "text">[]) =>
    remedies.map(({ file, text }) => `${file}: ${text}`);

  it("has every remedy of the program, in its words: `npx tsx test/remedies/update.ts` writes down new ones as open", () => {
    const all = collectRemedies();
    expect(all.length).toBeGreaterThan(300);
    expect(texts(all.filter((each) => !register.some((known) => isSame(known, each))))).toEqual([]);
    expect(texts(register.filter((known) => !all.some((each) => isSame(known, each))))).toEqual([]);
  });

  it("names tests that exist", () => {
    for (const { text, followed } of register) {
      if (followed === undefined) continue;
      const [file = "", title = ""] = followed.split(/: (.*)/s);
      expect(readFileSync(join(ROOT, file), "utf8"), text).toContain(title);
    }
  });

  it("says of none both that it was followed and that it can't be", () => {
    const both = register.filter(
      ({ followed, tried, unprovoked }) => (followed ?? tried) !== undefined && unprovoked !== undefined,
    );
    expect(texts(both)).toEqual([]);
  });
});

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { type Remedy, collectRemedies } from "./collect";

/** How far a remedy is proven. With none of them it is still open: nobody has followed it yet. */
export interface Registered extends Remedy {
  /** Test that makes its fault on a real cluster, does what it says, and looks whether that helped: `file: title`. */
  readonly followed?: string;
  /** How its fault was made on a real cluster once, by hand, and that doing what it says helped. */
  readonly tried?: string;
  /** Why it can't be provoked in a test. */
  readonly unprovoked?: string;
}

const FILE = join(__dirname, "register.json");

export function readRegister(): Registered[] {
  return JSON.parse(readFileSync(FILE, "utf8")) as Registered[];
}

export function isSame(one: Remedy, other: Remedy): boolean {
  return one.file === other.file && one.text === other.text;
}

/** Adds the remedies that are new, as open ones, and takes out those that are gone: what has other words is to be followed anew. */
async function update(): Promise<void> {
  const known = readRegister();
  const all = collectRemedies().map((remedy) => known.find((each) => isSame(each, remedy)) ?? remedy);
  writeFileSync(FILE, await format(JSON.stringify(all), { parser: "json", printWidth: 110 }));
}

if (require.main === module) void update();

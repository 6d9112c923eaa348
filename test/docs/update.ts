import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeFields } from "./environment-fields";

export const PAGE = join(__dirname, "../../docs/environments.md");

const BEGIN = "<!-- made by `npm run docs` of model/environment.ts -->\n<!-- prettier-ignore-start -->";
const END = "<!-- prettier-ignore-end -->";

/** The page with the tables that model/environment.ts has now. */
export function withFields(page: string): string {
  const [before, rest] = page.split(`${BEGIN}\n`);
  const after = rest?.split(`\n${END}`)[1];
  if (before === undefined || after === undefined) throw new Error(`docs/environments.md lacks ${BEGIN}`);
  return `${before}${BEGIN}\n\n${describeFields()}\n\n${END}${after}`;
}

if (require.main === module) writeFileSync(PAGE, withFields(readFileSync(PAGE, "utf8")));

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILE = join(__dirname, "../../README.md");

/**
 * The block of text that follows `<!-- <title> -->` in README.md. With PGDIST_README=write the text is put there instead,
 * for whoever changed what a plan shows.
 */
export function readmeBlock(title: string, text: string): string {
  const readme = readFileSync(FILE, "utf8");
  const start = `<!-- ${title} -->\n\n\`\`\`text\n`;
  const from = readme.indexOf(start);
  if (from < 0) throw new Error(`README.md has no block ${JSON.stringify(start)}`);
  const begin = from + start.length;
  const end = readme.indexOf("\n```\n", begin);
  if (process.env["PGDIST_README"] === "write") {
    writeFileSync(FILE, readme.slice(0, begin) + text + readme.slice(end));
    return text;
  }
  return readme.slice(begin, end);
}

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PAGE = "docs/changing-a-cluster.md";
const FILE = join(__dirname, "../..", PAGE);

/**
 * The block of text that follows `<!-- <title> -->` on the page that shows plans. With PGDIST_PLANS=write the text is put
 * there instead, for whoever changed what a plan shows.
 */
export function planBlock(title: string, text: string): string {
  const page = readFileSync(FILE, "utf8");
  const start = `<!-- ${title} -->\n\n\`\`\`text\n`;
  const from = page.indexOf(start);
  if (from < 0) throw new Error(`${PAGE} has no block ${JSON.stringify(start)}`);
  const begin = from + start.length;
  const end = page.indexOf("\n```\n", begin);
  if (process.env["PGDIST_PLANS"] === "write") {
    writeFileSync(FILE, page.slice(0, begin) + text + page.slice(end));
    return text;
  }
  return page.slice(begin, end);
}

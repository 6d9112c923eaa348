import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(__dirname, "../..");

/** A page in Markdown, with its path from the project's folder. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** Those at the top, and everything in docs/. */
export function readPages(): Page[] {
  const top = readdirSync(ROOT).filter((file) => file.endsWith(".md"));
  const docs = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file));
  return [...top, ...docs.sort()].map(readPage);
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), "utf8") };
}

/** Without blocks of code, in which a `#` begins a comment and nothing is a link. */
export function proseOf({ text }: Page): string {
  return text.replace(/^```[\s\S]*?^```$/gm, "");
}

/** The blocks of code of one language. */
export function blocksOf({ text }: Page, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\b[^\\n]*\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    ([, block = ""]) => block,
  );
}

/** The headings' texts, in their order. */
export function headingsOf(page: Page, level = "#{1,6}"): string[] {
  return [...proseOf(page).matchAll(new RegExp(`^${level} (.+)$`, "gm"))].map(([, heading = ""]) => heading);
}

/** As GitHub makes them of headings: the second one of a name gets `-1`. */
export function anchorsOf(page: Page): Set<string> {
  const seen = new Map<string, number>();
  return new Set(
    headingsOf(page).map((heading) => {
      const anchor = heading
        .toLowerCase()
        .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-");
      const before = seen.get(anchor) ?? 0;
      seen.set(anchor, before + 1);
      return before === 0 ? anchor : `${anchor}-${before}`;
    }),
  );
}

/** Targets of the links in a page's text. */
export function linksOf(page: Page): string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
}

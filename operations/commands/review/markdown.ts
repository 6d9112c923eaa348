import { render } from "../../base/remedy";
import { type Review, isEmpty } from "../../observe/review/review";
import { type Alike, alike, clusterFacts, summaryOf, unasked } from "../../observe/review/statements";

/** Of a comment, in characters: GitHub's limit is 65,536, GitLab's 1,000,000. Some is left for what frames it. */
const LONGEST = 60_000;

/** By this a job finds the comment that it wrote before, one for each environment, and rewrites it. */
function commentMark(environment: string): string {
  return `<!-- pg-dist review ${environment} -->`;
}

/** The report as a comment of a pull request. */
export function reviewMarkdown(review: Review, allowed: string | undefined): string {
  const { cluster, impact, refusals } = review;
  const head = [commentMark(cluster.environment), `## ${title(review, allowed)}`];
  if (isEmpty(review))
    return [...head, "", "No change.", ...unasked(review).map((each) => `\n${escape(each)}`), ""].join("\n");
  const unchanged = impact.nodes.filter(({ fate }) => fate === "unchanged").length;
  const lines = [
    ...head,
    "",
    `${summaryOf(review)}.`,
    "",
    ...refusals.flatMap(({ what, remedy }) => [
      `> **${allowed === undefined ? "Refused" : "Allowed"}:** ${escape(what)}`,
      ">",
      `> ${escape(allowed ?? render(remedy, "person"))}`,
      "",
    ]),
    "| node | what happens | why |",
    "| --- | --- | --- |",
    ...alike(review).map(row),
    "",
    ...clusterFacts(review).flatMap((each) => [`- ${escape(each)}`]),
    "",
    ...details(review, unchanged),
  ];
  return cut(lines);
}

function title({ cluster, refusals }: Review, allowed: string | undefined): string {
  const verdict = refusals.length === 0 ? "" : allowed === undefined ? ": refused" : ": allowed by hand";
  return `${cluster.environment}${verdict}`;
}

function row({ ids, statement, because, facts }: Alike): string {
  const happens = [statement, ...facts].map(escape).join("<br>");
  return `| ${codes(ids)} | ${happens} | ${codes(because)} |`;
}

/** Folded: what nobody needs to read to decide. */
function details({ impact: { others, registers } }: Review, unchanged: number): string[] {
  const lines = [
    ...(unchanged > 0 ? [`- ${unchanged} node${unchanged === 1 ? "" : "s"} unchanged`] : []),
    ...(registers ? ["- every node is registered at the end, and the metadata on each verified"] : []),
    ...others.map(({ address, action }) => `- ${action} \`${address}\``),
  ];
  if (lines.length === 0) return [];
  return ["<details><summary>Also</summary>", "", ...lines, "", "</details>", ""];
}

/** Of a cell of a table, and of a quote: one line, and no tag. */
function escape(text: string): string {
  return inCell(text).replaceAll("<", "&lt;");
}

/** In a code span a tag is text, and only a backtick ends it. */
function codes(texts: readonly string[]): string {
  return texts.map((text) => `\`${inCell(text).replaceAll("`", "'")}\``).join("<br>");
}

function inCell(text: string): string {
  return text.replaceAll("|", "\\|").replace(/\s*\n\s*/g, " ");
}

/** Whole lines, as many as fit; a refusal stands before what is cut. */
function cut(lines: readonly string[]): string {
  let length = 0;
  const fitting = lines.filter((line) => (length += line.length + 1) <= LONGEST);
  const left = lines.length - fitting.length;
  return left === 0
    ? lines.join("\n")
    : [...fitting, "", `${left} more lines: see the job's log.`, ""].join("\n");
}

import { render } from "../../base/remedy";
import type { Paint, Colour } from "../../cli/output";
import type { Fate } from "../../observe/review/impact";
import { type Review, isEmpty } from "../../observe/review/review";
import { type Alike, alike, clusterFacts, summaryOf, unasked } from "../../observe/review/statements";

const COLOURS: Readonly<Record<Fate, Colour>> = {
  "data-lost": "red",
  emptied: "red",
  leaves: "red",
  replaced: "yellow",
  returns: "yellow",
  starts: "cyan",
  updated: "cyan",
  joins: "green",
  unchanged: "dim",
};

/** The report for a terminal: what is refused first, then each node by its danger. */
export function reviewScreen(review: Review, allowed: string | undefined, paint: Paint): string[] {
  const { cluster, impact, refusals } = review;
  const title = `${paint("bold", cluster.environment)}  cluster ${cluster.name}: `;
  if (isEmpty(review)) return [`${title}no change`, ...unasked(review)];
  return [
    `${title}${summaryOf(review)}`,
    ...refusals.flatMap(({ what, remedy }) => [
      "",
      `${paint("red", allowed === undefined ? "refused" : "allowed")}  ${what}`,
      `${" ".repeat(7)}${paint("dim", "→")} ${allowed ?? render(remedy, "person")}`,
    ]),
    "",
    ...alike(review).flatMap((each) => lines(each, paint)),
    ...clusterFacts(review),
    ...impact.others.map(({ address, action }) => `${action.padEnd(8)} ${address}`),
    ...(impact.registers ? ["at the end  every node is registered, and the metadata on each verified"] : []),
  ];
}

function lines({ ids, fate, statement, because, facts }: Alike, paint: Paint): string[] {
  return [
    `${ids.map((id) => paint("bold", id)).join(", ")}: ${paint(COLOURS[fate], statement)}`,
    ...[...because, ...facts].map((each) => `  ${each}`),
  ];
}

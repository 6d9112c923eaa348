import { distance as editDistance } from "fastest-levenshtein";

/** How many letters may be wrong in a name that somebody meant. */
const MISSPELT = 2;

/** The name that was meant, where it is only misspelt, else all of them. */
export function describeKnown(name: string, known: readonly string[]): string {
  const [nearest] = known
    .map((each) => ({ each, distance: editDistance(name, each) }))
    .filter(({ distance }) => distance <= MISSPELT)
    .sort((a, b) => a.distance - b.distance);
  return nearest === undefined ? `use one of ${known.join(", ")}` : `write ${nearest.each}`;
}

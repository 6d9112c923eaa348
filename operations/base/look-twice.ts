import { setTimeout as sleep } from "node:timers/promises";

/** As long as a statement that changes tables needs at most to commit on all nodes, once it has begun to. In milliseconds. */
const SETTLE_MS = 1000;

/**
 * Looks at nodes, and where anything was found a second time: a statement that makes, alters or drops a table commits on one node
 * after the other, so that only what is found twice is there.
 *
 * @returns both looks; undefined where the first one found nothing
 */
export async function lookTwice<Found>(
  look: () => Promise<readonly Found[]>,
  isNothing: (found: Found) => boolean,
): Promise<{ readonly first: readonly Found[]; readonly again: readonly Found[] } | undefined> {
  const first = await look();
  if (first.every(isNothing)) return undefined;
  await sleep(SETTLE_MS);
  return { first, again: await look() };
}

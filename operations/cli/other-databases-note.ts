import { placeInDatabase } from "../base/place";
import { quoteName } from "../base/shown-words";
import { readOtherDatabases } from "../cluster/holdings/other-databases";
import type { Connected } from "../cluster/connection/target";
import { commandIn, typed } from "../base/remedy";

/** Names of the other databases with Citus, of which a command that works on one tells nothing. */
export async function otherDatabases({ session, cluster }: Connected): Promise<string[]> {
  const others = await readOtherDatabases(session);
  return others.map(({ name }) => name).filter((name) => name !== cluster?.homeDatabase);
}

/**
 * Lines for a person, with the command for each.
 *
 * @param words what stands behind the cluster: `plan` of `rebalance`
 */
export function otherDatabasesNote(
  { cluster }: Connected,
  names: readonly string[],
  command: string,
  ...words: readonly string[]
): string[] {
  return names.map((name) => {
    const what = `The Citus database ${quoteName(name)} on these servers is not included here`;
    if (cluster === undefined) return `${what}: name it in --url`;
    return `${what}: ${typed(commandIn(placeInDatabase(cluster, name), command, ...words))}`;
  });
}

import { quoteName } from "../base/shown-words";
import { readOtherDatabases } from "../cluster/holdings/other-databases";
import { shellWord } from "../base/command-line";
import type { Connected } from "../cluster/connection/target";

/** Names of the other databases with Citus, of which a command that works on one tells nothing. */
export async function otherDatabases({ session, cluster }: Connected): Promise<string[]> {
  const others = await readOtherDatabases(session);
  return others.map(({ name }) => name).filter((name) => name !== cluster?.homeDatabase);
}

/**
 * Lines for a person, with the command for each.
 *
 * @param command with `ENV` where the environment stands: `rebalance ENV plan`
 */
export function otherDatabasesNote(
  { environment }: Connected,
  names: readonly string[],
  command: string,
): string[] {
  return names.map((name) => {
    const what = `The Citus database ${quoteName(name)} on these servers is not in this`;
    if (environment === undefined) return `${what}: name it in --url`;
    const named = `${environment.name} --database ${shellWord(name)}`;
    return `${what}: npx pg-dist ${command.replace("ENV", () => named)}`;
  });
}

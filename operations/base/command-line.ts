import type { Cluster } from "../../model/cluster";
import type { Place } from "./place";

/** The cluster as it is seen from another of its databases. */
export function inDatabase(cluster: Cluster, database: string | undefined): Cluster {
  if (database === undefined || database === cluster.database) return cluster;
  return { ...cluster, database, homeDatabase: cluster.database };
}

/** Whether a person named another database than the environment's: no deploy registers, moves or removes anything there. */
export function isOtherDatabase({ homeDatabase }: Pick<Place, "homeDatabase">): boolean {
  return homeDatabase !== undefined;
}

/** How a command line names the environment, and the database where it is another: `production --database app2`. */
export function commandArguments({
  environment,
  database,
  homeDatabase,
}: Place & { readonly environment: string }): string {
  return homeDatabase === undefined ? environment : `${environment} --database ${shellWord(database)}`;
}

/** A command line where there is an environment for it, else only what it is called. */
export function commandIn({ environment, ...place }: Place, command: string, more = ""): string {
  return environment === undefined
    ? command
    : `\`npx pg-dist ${command} ${commandArguments({ environment, ...place })}${more}\``;
}

/** A word for a person's shell. */
export function shellWord(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

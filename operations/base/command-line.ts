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

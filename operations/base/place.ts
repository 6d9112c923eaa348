/** Which cluster a session or a sentence is about. A `Cluster` is one. */
export interface Place {
  /** Name of the environment; undefined for a cluster that is given by address. */
  readonly environment?: string;
  readonly database: string;
  /** The environment's own database, where `database` is another one of the same servers. */
  readonly homeDatabase?: string;
  /** Of a cluster that is given by address: for commands that take that. */
  readonly url?: string;
  /** The superuser as whom we connect, where it is known. */
  readonly user?: string;
}

/** The same servers, seen from this database of theirs. */
export function placeInDatabase(place: Place, database: string): Place {
  const { environment, user, homeDatabase = place.database } = place;
  return { environment, user, database, ...(database === homeDatabase ? {} : { homeDatabase }) };
}

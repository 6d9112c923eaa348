/** Where a node's data volume is mounted; the data directory is below it, one per PostgreSQL major version. */
export const DATA_MOUNT = "/var/lib/postgresql";

/** Where the volume for archived WAL is mounted. There from the first version, as a mount replaces the container. */
export const ARCHIVE_MOUNT = "/var/lib/postgresql-archive";

const ARCHIVE_SUFFIX = "-archive";

/** The volume with a node's data is named as its container. */
export function dataVolume(container: string): string {
  return container;
}

export function archiveVolume(container: string): string {
  return `${container}${ARCHIVE_SUFFIX}`;
}

/** Both volumes of a node. */
export function volumesOf(container: string): string[] {
  return [dataVolume(container), archiveVolume(container)];
}

/** Whether a node of this name would have another node's volume for archived WAL as its data volume. */
export function endsAsArchive(name: string): boolean {
  return name.endsWith(ARCHIVE_SUFFIX);
}

/** The data directory of a server: PGDATA of its container. */
export function dataDirectory(postgresMajor: number): string {
  return `${DATA_MOUNT}/${postgresMajor}/docker`;
}

/** PostgreSQL's major version by such a path, of whatever mount. */
export function majorOfDirectory(path: string): number | undefined {
  const major = /\/(\d+)\/docker$/.exec(path)?.[1];
  return major === undefined ? undefined : Number(major);
}

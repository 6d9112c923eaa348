/** How the sessions of this program begin their application_name; a pattern of SQL's LIKE and of regular expressions alike. */
const OWN_APPLICATION = "pg-dist ";

/**
 * application_name of a session: `pg-dist leave server-d/worker1 root@runner pid 4711`. PostgreSQL keeps the first 63 bytes.
 *
 * @param command what the session is for
 */
export function applicationName(command: string, user: string, host: string, pid: number): string {
  return `${OWN_APPLICATION}${command} ${user}@${host} pid ${pid}`;
}

/** Of the session that looks at what another session of ours waits for. */
export const WATCH_APPLICATION = `${OWN_APPLICATION}watch`;

/** A condition of SQL: whether an application_name is of a session of ours, for one of these commands, or for any. */
export function isOwnApplication(column: string, ...commands: readonly string[]): string {
  return commands.length === 0
    ? `${column} LIKE '${OWN_APPLICATION}%'`
    : `${column} ~ '^${OWN_APPLICATION}(${commands.join("|")}) '`;
}

/** PostgreSQL cuts names here (NAMEDATALEN - 1): of roles, of servers (`cluster_name`), of sessions. In bytes. */
export const LONGEST_NAME = 63;

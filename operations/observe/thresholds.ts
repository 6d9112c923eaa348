/** From when on something is a fault: one set, for all that judge a cluster (status, doctor, connections). */

/** Shares of max_connections that are taken. */
export const CONNECTIONS = { broken: 0.95, warning: 0.8 };

/** Shares of a disk that are free. PostgreSQL stops at a full one, and a shard that moves needs its size twice. */
export const DISK_FREE = { broken: 0.05, warning: 0.15 };

/** Citus commits what it has prepared within moments; a transaction manager of others may wait for a slow party. In seconds. */
export const PREPARED_AGE = { citus: 30, other: 300 };

/** As much WAL as PostgreSQL keeps by itself (max_wal_size): a reader that is away for a moment costs no more. In bytes. */
export const LITTLE_WAL = 1024 ** 3;

/** Of 2^31 transactions; PostgreSQL begins to warn 40 million, and stops 3 million before it. */
export const XID_AGE = { broken: 2_000_000_000, warning: 1_500_000_000 };

/** Days before its end that a certificate is worth a warning. */
export const CERTIFICATE_DAYS = 30;

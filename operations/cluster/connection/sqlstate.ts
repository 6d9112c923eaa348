/** SQLSTATEs that this program tells apart, by the name that PostgreSQL's errcodes.txt gives them. */
export const SQLSTATE = {
  /** feature_not_supported: Citus can't copy a table without a replica identity while it is written to. */
  featureNotSupported: "0A000",
  /** Wrong password. */
  invalidPassword: "28P01",
  /** pg_hba.conf has no line for this client, or the role does not exist. */
  invalidAuthorization: "28000",
  /** The database does not exist. */
  invalidCatalogName: "3D000",
  /** A setting that no loaded library knows, among others. */
  undefinedObject: "42704",
  insufficientPrivilege: "42501",
  undefinedTable: "42P01",
  undefinedFunction: "42883",
  /** All of max_connections are taken. */
  tooManyConnections: "53300",
  /** lock_timeout ended the wait. */
  lockNotAvailable: "55P03",
  /** statement_timeout, or somebody, ended it. */
  queryCanceled: "57014",
  /** One of the timeouts of the server that a session is on ended it. */
  idleInTransactionTimeout: "25P03",
  transactionTimeout: "25P04",
  idleSessionTimeout: "57P05",
  readOnlyTransaction: "25006",
  /** Of a connection that Citus has to another node. */
  connectionFailure: "08006",
  /** The server is stopping. */
  adminShutdown: "57P01",
  /** The server restarts after the crash of one of its processes. */
  crashShutdown: "57P02",
  /** The server starts up, recovers or shuts down. */
  cannotConnectNow: "57P03",
  /** Citus also takes the same worker under a second name for a deadlock with itself. */
  deadlockDetected: "40P01",
} as const;

/** SQLSTATE of a server's error; undefined for anything else, such as EPIPE of a socket. */
export function sqlStateOf(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof code === "string" && typeof severity === "string" ? code : undefined;
}

/**
 * Where nothing else is said, the kernel decides: a quarter of an hour, or two hours. In seconds, the last in milliseconds.
 */
const KEEPALIVE: Readonly<Record<string, number>> = {
  keepalives_idle: 10,
  keepalives_interval: 5,
  keepalives_count: 3,
  tcp_user_timeout: 30_000,
};

/** For whoever opens a connection to another node. */
export const CONNINFO = "citus.node_conninfo";

/**
 * For the node to which it was opened, by PostgreSQL's names. Not tcp_user_timeout: these settings hold for every client,
 * and that one would also end the connection of whoever stops reading for as long (a dump into a slow pipe).
 */
export const ACCEPTED: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(KEEPALIVE).flatMap(([name, value]) =>
    name.startsWith("keepalives") ? [[`tcp_${name}`, String(value)]] : [],
  ),
);

/** A conninfo with what it lacks of these; undefined where it lacks nothing. */
export function withKeepalives(conninfo: string): string | undefined {
  const missing = Object.entries(KEEPALIVE).filter(
    ([keyword]) => !new RegExp(`\\b${keyword}\\b`).test(conninfo),
  );
  if (missing.length === 0) return undefined;
  return [conninfo, ...missing.map(([keyword, each]) => `${keyword}=${each}`)].join(" ");
}

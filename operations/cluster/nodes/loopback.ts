import type { Endpoint } from "../../../model/cluster";
import type { Session } from "../connection/session";

/** How the coordinator connects to itself; our own session there has its settings by its own options. */
export async function loopbackOf(session: Session): Promise<Endpoint> {
  const [row] = await session.query<{ host: string | null; port: number }>(
    "SELECT current_setting('citus.local_hostname', true) AS host, current_setting('port')::int AS port",
  );
  return { host: row?.host ?? "localhost", port: row?.port ?? 5432 };
}

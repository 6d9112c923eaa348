import { type Finding, failed, ok } from "../finding";
import type { Inspection } from "../inspection";

/** How this machine reaches the coordinator, with the password. */
export function checkConnection({ cluster, connection }: Inspection): Finding[] {
  const place = { check: "connection", where: cluster.environment };
  if ("by" in connection) return [ok(place, `the coordinator answers with the password (${connection.by})`)];
  return [failed(place, connection.what, connection.remedy)];
}

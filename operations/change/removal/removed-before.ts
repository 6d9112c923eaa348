import type { Cluster } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import type { Session } from "../../cluster/connection/session";
import { readView } from "../../cluster/nodes/read-view";
import { readRecord } from "../../cluster/nodes/recorded";
import { isRegistered } from "../../cluster/nodes/view";
import { findUnregisteredProblems } from "./unregistered";

/**
 * Those of some workers that an earlier apply has emptied and removed, and then ended before their containers went: nothing
 * is lost with their volumes. One of which that can't be known is none of them.
 *
 * @param cluster as it is wanted, without them
 * @param ids of the workers
 * @throws the server's error
 */
export async function findRemovedBefore(
  session: Session,
  cluster: Cluster,
  ids: readonly string[],
  caller: Caller,
): Promise<string[]> {
  const record = await readRecord(session);
  const registered = (await readView(session, cluster)).filter(isRegistered);
  // A registered node that nobody has a name for may be any of them.
  if (registered.some(({ id }) => id === undefined)) return [];
  const removed: string[] = [];
  for (const id of ids) {
    if (record.has(id) || registered.some((node) => node.id === id)) continue;
    const options = { cluster, caller, record, progress: () => undefined };
    if ((await findUnregisteredProblems(session, id, options)).length === 0) removed.push(id);
  }
  return removed;
}

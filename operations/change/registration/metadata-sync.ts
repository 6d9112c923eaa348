import { setTimeout as sleep } from "node:timers/promises";
import { Deadline } from "../../base/deadline";
import { formatEndpoint } from "../../../model/cluster";
import { Failure } from "../../base/failure";
import type { Session } from "../../cluster/connection/session";
import { readRegistered } from "../../cluster/nodes/registered";
import { AGAIN, advise } from "../../base/remedy";

/** Citus' maintenance daemon syncs at once, and after a failure every 5 s. In milliseconds. */
const LIMIT_MS = 60_000;

/** Waits until every active node has the coordinator's metadata; until then Citus refuses changes of it (55000). */
export async function waitForMetadata(session: Session): Promise<void> {
  const deadline = Deadline.in(LIMIT_MS);
  for (;;) {
    const nodes = await readRegistered(session);
    const behind = nodes.filter(({ isactive, metadatasynced }) => isactive && !metadatasynced);
    if (behind.length === 0) return;
    if (deadline.passed) {
      const names = behind.map(({ endpoint }) => formatEndpoint(endpoint)).join(", ");
      throw new Failure(
        `the metadata of ${names} was not synced within ${LIMIT_MS / 1000} s`,
        advise`check that these nodes are up and reached from the coordinator (its log says why not), then ${AGAIN}`,
      );
    }
    await sleep(100);
  }
}

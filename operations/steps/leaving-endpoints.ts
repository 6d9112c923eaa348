import type { Cluster, Endpoint } from "../../model/cluster";
import type { Progress } from "../base/progress";
import { type EndpointChange, changeEndpoints } from "../change/registration/write-node";
import { followElsewhere } from "../change/registration/follow-elsewhere";
import { waitForMetadata } from "../change/registration/metadata-sync";
import { readView } from "../cluster/nodes/read-view";
import { runOnNodes } from "../cluster/nodes/run-on-nodes";
import type { Session } from "../cluster/connection/session";

const SERVER_ID = "SELECT metadata->>'server_id' FROM pg_dist_node_metadata";

/**
 * An apply that changed the endpoints of nodes may have replaced their containers and then failed before its registration.
 * A removal comes before the next registration, and every node must answer it: so what stays and can no longer be reached
 * where it is registered, but answers as the same server where the environment has it, is moved there first.
 */
export async function followEndpoints(session: Session, cluster: Cluster, progress: Progress): Promise<void> {
  const nodes = await readView(session, cluster);
  const changed = nodes.flatMap(({ role, movesTo, declared, recorded, registered }): EndpointChange[] => {
    if (role === "coordinator" || movesTo === undefined || recorded === undefined) return [];
    if (declared === undefined || registered === undefined) return [];
    return [{ node: declared, registered, server_id: recorded.server_id }];
  });
  const before = await serverIds(
    session,
    changed.map((change) => change.registered.endpoint),
  );
  const now = await serverIds(
    session,
    changed.map(({ node }) => node.endpoint),
  );
  const changes = changed.filter(
    ({ server_id }, index) => before[index] !== server_id && now[index] === server_id,
  );
  await changeEndpoints(session, changes, progress);
  // Until then Citus refuses to mark a node as leaving.
  if (changes.length > 0) await waitForMetadata(session);
  await followElsewhere(session, cluster, progress);
}

/** Of what answers at each of these endpoints. */
async function serverIds(
  session: Session,
  endpoints: readonly Endpoint[],
): Promise<(string | null | undefined)[]> {
  const answers = await runOnNodes(
    session,
    endpoints,
    endpoints.map(() => SERVER_ID),
  );
  return answers.map((answer) => ("value" in answer ? answer.value : undefined));
}

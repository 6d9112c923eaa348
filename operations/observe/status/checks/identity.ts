import { readServerName } from "../../../../model/contract/server-name";
import { checkIdentity } from "../../../cluster/nodes/identity";
import { METADATA_LOST_REMEDY } from "../../../cluster/nodes/metadata-lost";
import { type Check, ofEachNode, placeOf } from "../check";
import type { Fault } from "../../../base/finding";
import type { SnapshotNode } from "../snapshot";

/** Every node is the server that was registered and recorded: to Citus an empty one at its address looks healthy. */
export const identity: Check = ofEachNode(
  ({ label, role, endpoint, state, registered, recorded }, snapshot): Fault[] => {
    if (state !== undefined && recorded !== undefined && hasLostMetadata({ role, state, recorded })) {
      const what = `it is not the coordinator that was registered (server id ${state.server_id}, was ${recorded.server_id})`;
      return [{ severity: "broken", check: "identity", node: label, what, remedy: METADATA_LOST_REMEDY }];
    }
    if (state === undefined || registered === undefined) return [];
    const known = { node: { id: label, endpoint }, facts: state, recorded };
    const name = snapshot.cluster ?? readServerName(state.cluster_name)?.cluster ?? "";
    return checkIdentity(known, registered, { cluster: name, place: placeOf(snapshot) }).map(
      ({ what, remedy }) => ({ severity: "broken", check: "identity", node: label, what, remedy }),
    );
  },
);

/** Its record lies in its own database, and is older than its extension. */
export function hasLostMetadata({
  role,
  state,
  recorded,
}: Pick<SnapshotNode, "role" | "state" | "recorded">): boolean {
  return (
    role === "coordinator" &&
    state !== undefined &&
    recorded !== undefined &&
    recorded.server_id !== state.server_id
  );
}

/** No two nodes are the same server, or copies of one. */
export const copies: Check = ({ nodes }) =>
  nodes.flatMap(({ label, state }, index) => {
    const twin = nodes.slice(0, index).find((other) => other.state?.server_id === state?.server_id);
    if (state === undefined || twin?.state === undefined) return [];
    return [
      {
        severity: "broken",
        check: "identity",
        node: label,
        what: `it has the same server id as ${twin.label} (${state.server_id})`,
        remedy: "two addresses lead to one server, or a data directory was copied: correct the address",
      },
    ];
  });

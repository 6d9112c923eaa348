import { failed, ok, warning } from "../finding";
import { runs } from "../container-runs";
import { isInspected } from "../inspection";
import type { NodeCheck } from "./check";
import { advise, commandIn } from "../../../base/remedy";

/** What the container's own health check says: it asks the server for the Citus extension. */
export const checkHealth: NodeCheck = ({ node, container }, { cluster }) => {
  const place = { check: "health", where: node.id };
  if (!isInspected(container) || !runs(container) || container.health === undefined) return [];
  if (container.health === "healthy") return [ok(place, "healthy")];
  const seen = [container.health, container.healthOutput].filter(Boolean).join(": ");
  if (container.health === "starting") return [warning(place, seen, "wait for it, and look again")];
  return [failed(place, seen, advise`${commandIn(cluster, "logs", node.id, "--since", "10m")}`)];
};

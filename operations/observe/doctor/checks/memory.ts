import { formatBytes } from "../../../base/bytes";
import { replaceContainer } from "../../../base/terraform-command";
import { ok, warning } from "../finding";
import { isInspected } from "../inspection";
import type { NodeCheck } from "./check";
import { deployOf } from "../../../base/remedy";

/** The container's memory limit against the declared one, which is in MB. */
export const checkMemory: NodeCheck = ({ node, container }, { cluster }) => {
  const place = { check: "memory", where: node.id };
  if (!isInspected(container)) return [];
  const declared = (node.memory ?? 0) * 1024 * 1024;
  const shown = (bytes: number) => (bytes === 0 ? "no limit" : `limit ${formatBytes(bytes)}`);
  if (declared === container.memory) return [ok(place, shown(declared))];
  // An update to 0 changes nothing in Docker: every deploy would find the old limit again.
  const remedy =
    declared === 0
      ? `Docker can't lift the limit of an existing container: declare the server's whole memory, or ${replaceContainer(cluster.environment, node.id)}`
      : deployOf(cluster.environment);
  const seen = `its container has ${shown(container.memory)}, declared is ${shown(declared)}`;
  return [warning(place, seen, remedy)];
};

import { formatBytes } from "../../bytes";
import { ok, warning } from "../finding";
import type { NodeCheck } from "./check";

/** The container's memory limit against the declared one, which is in MB. */
export const checkMemory: NodeCheck = ({ node, container }, { cluster }) => {
  const place = { check: "memory", where: node.id };
  if (typeof container !== "object") return [];
  const declared = (node.memory ?? 0) * 1024 * 1024;
  const shown = (bytes: number) => (bytes === 0 ? "no limit" : `limit ${formatBytes(bytes)}`);
  if (declared === container.memory) return [ok(place, shown(declared))];
  return [
    warning(
      place,
      `its container has ${shown(container.memory)}, declared is ${shown(declared)}`,
      `npx cdktf deploy ${cluster.environment}`,
    ),
  ];
};

import { noExtensionRemedy } from "../../../cluster/nodes/no-extension";
import { failed, ok, skipped } from "../finding";
import { isUnreachable } from "../inspection";
import type { InsideCheck } from "./check";
import { advise, commandIn } from "../../../base/remedy";
import { extensionRemedy } from "../../../cluster/nodes/remedies";

/** The Citus extension of the database against the library that the server has loaded. */
export const checkExtension: InsideCheck = ({ node, inside: { server, citus, citusError } }, inspection) => {
  const place = { check: "extension", where: node.id };
  if (isUnreachable(server)) return [];
  const { database } = inspection.cluster;
  if (server.extension === null) {
    return [
      failed(place, `database ${database} has no Citus extension`, noExtensionRemedy(inspection.cluster)),
    ];
  }
  if (citus === undefined) {
    if (citusError === undefined)
      return [skipped(place, `extension ${server.extension}; the server did not answer further`)];
    return [
      failed(
        place,
        `extension ${server.extension} does not work: ${citusError}`,
        "check that the library citus is loaded (shared_preload_libraries) and of this version",
      ),
    ];
  }
  if (server.extension !== citus.wanted) {
    return [
      failed(
        place,
        `extension ${server.extension}, but the library Citus ${citus.library} wants ${citus.wanted}`,
        advise`${extensionRemedy("there")}: ${commandIn(inspection.cluster, "psql", node.id)}`,
      ),
    ];
  }
  const other = coordinatorLibrary(inspection);
  if (other !== undefined && other !== citus.library) {
    return [
      failed(
        place,
        `Citus ${citus.library}, the coordinator has ${other}`,
        "give all nodes the same image: workers first, the coordinator last",
      ),
    ];
  }
  return [ok(place, `Citus ${citus.library} (${server.extension})`)];
};

function coordinatorLibrary({ nodes }: Parameters<InsideCheck>[1]): string | undefined {
  const inside = nodes.find(({ node }) => node.role === "coordinator")?.inside;
  return inside === undefined || isUnreachable(inside) ? undefined : inside.citus?.library;
}

import { formatBytes } from "../../../base/bytes";
import { type Finding, type Place, failed, ok, warning } from "../finding";
import { DISK_FREE } from "../../thresholds";
import type { Disk } from "../inspection";
import type { HostCheck, InsideCheck } from "./check";
import { diskRemedy } from "../../../cluster/nodes/remedies";

/** The file systems of the engine's data root and of the data directories. */
export const checkDisk: HostCheck = ({ host, system, engine }) => {
  if (system === undefined) return [];
  const disks = system.disks
    // Directories of one file system.
    .filter(
      ({ size, free }, index, all) =>
        all.findIndex((each) => each.size === size && each.free === free) === index,
    )
    .map((disk) => judge({ check: "disk", where: host.id }, disk));
  // The engine's own is elsewhere where that runs in a virtual machine.
  const missing = system.missing.filter((path) => path !== engine.dataRoot);
  return [
    ...disks,
    ...missing.map((path) =>
      failed(
        { check: "data directory", where: host.id },
        `${path} does not exist`,
        `if its disk should be mounted, mount it; for a new node: mkdir -p ${path}`,
      ),
    ),
  ];
};

/** The file system of a node's data, as its server sees it. */
export const checkNodeDisk: InsideCheck = ({ node, inside: { disk } }) =>
  disk === undefined ? [] : [judge({ check: "disk", where: node.id }, disk)];

function judge(place: Place, { path, size, free }: Disk): Finding {
  const share = size === 0 ? 1 : free / size;
  const seen = `${path}: ${formatBytes(free)} free of ${formatBytes(size)} (${Math.round(share * 100)} %)`;
  if (share <= DISK_FREE.broken) return failed(place, seen, diskRemedy());
  return share <= DISK_FREE.warning ? warning(place, seen, diskRemedy()) : ok(place, seen);
}

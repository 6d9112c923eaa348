import { type Finding, warning } from "../finding";
import { type Inspection, isUnreachable } from "../inspection";

/** Two hosts whose clocks surely differ by this much, whatever this machine's says. In milliseconds. */
const APART_MS = 1000;

/** Clocks of the Docker hosts against each other. */
export function checkClocksApart({ cluster, hosts }: Inspection): Finding[] {
  const clocks = hosts.flatMap(({ host, engine }) =>
    isUnreachable(engine) ? [] : [{ id: host.id, ...engine }],
  );
  const sorted = clocks.sort((a, b) => a.skew - b.skew);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return [];
  const apart = last.skew - first.skew;
  if (apart - first.tolerance - last.tolerance < APART_MS) return [];
  return [
    warning(
      { check: "clock", where: cluster.environment },
      `the clocks of ${first.id} and ${last.id} are ${(apart / 1000).toFixed(1)} s apart`,
      "synchronize the clocks of all servers: timedatectl set-ntp true (or chrony)",
    ),
  ];
}

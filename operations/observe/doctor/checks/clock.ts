import { failed, ok, warning } from "../finding";
import type { HostCheck } from "./check";

/** From here on timestamps of different nodes can't be compared by eye; from `FAR` on certificates and tokens fail. */
const NOTICEABLE_MS = 1000;
const FAR_MS = 60_000;

const REMEDY = "synchronize both clocks: timedatectl set-ntp true (or chrony)";

/** A host's clock against this machine's; what the way there took is no skew. */
export const checkClock: HostCheck = ({ host, engine: { skew, tolerance } }) => {
  const place = { check: "clock", where: host.id };
  const certain = Math.max(0, Math.abs(skew) - tolerance);
  const seconds = (Math.abs(skew) / 1000).toFixed(1);
  const seen = `${seconds} s ${skew < 0 ? "behind" : "ahead of"} this machine (±${(tolerance / 1000).toFixed(1)} s)`;
  if (certain >= FAR_MS) return [failed(place, seen, REMEDY)];
  if (certain >= NOTICEABLE_MS) return [warning(place, seen, REMEDY)];
  return [
    ok(place, certain === 0 ? `the same as this machine's (±${(tolerance / 1000).toFixed(1)} s)` : seen),
  ];
};

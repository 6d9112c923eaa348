import type { Connected } from "../cluster/connection/target";
import { ACTIVITY, type Activity, type Row, parseActivity } from "../cluster/waits/activity-of-node";
import { type Asked, askAll } from "../cluster/nodes/ask-all";

/** The longest first. */
export async function readActivity(
  target: Connected,
): Promise<{ asked: Asked<Row[]>[]; activity: Activity[] }> {
  const asked = await askAll<Row[]>(target, ACTIVITY);
  const activity = asked
    .flatMap(({ label, value }) => parseActivity(label, value ?? []))
    .sort((a, b) => b.age - a.age || a.gpid - b.gpid);
  return { asked, activity };
}

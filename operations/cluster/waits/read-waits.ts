import { WATCH_APPLICATION } from "../../../model/contract/application-name";
import type { Endpoint } from "../../../model/cluster";
import { runOnNodes } from "../nodes/run-on-nodes";
import type { Session } from "../connection/session";
import { ACTIVITY, type Row, parseActivity } from "./activity-of-node";
import { type LockWait, lockWaits } from "./lock-waits";

/** What the coordinator's processes are labelled with. */
export const COORDINATOR = "the coordinator";

/** How long one look may take, in milliseconds: a node that hangs must not keep the others from being seen. */
const LOOK_MS = 5000;

/** A second session on the coordinator. By another name than the first one's, whose waits are looked for. */
export async function openWatch(session: Session): Promise<Session> {
  const watch = await session.open();
  await watch.query(`SET application_name = '${WATCH_APPLICATION}'`);
  await watch.query(`SET statement_timeout = ${LOOK_MS}`);
  return watch;
}

/** By which the waits of a session are told from others, on whichever node it waits. */
export async function gpidOf(session: Session): Promise<number> {
  const [row] = await session.query<{ gpid: string }>("SELECT citus_backend_gpid()::text AS gpid");
  return Number(row?.gpid);
}

/**
 * What the session of this gpid waits for, the longest wait first.
 *
 * @param workers that are looked at beside the coordinator; one that gives no answer is left out
 */
export async function readWaits(
  watch: Session,
  gpid: number,
  workers: readonly { readonly label: string; readonly endpoint: Endpoint }[],
): Promise<LockWait[]> {
  const own = await watch.query<{ coalesce: string }>(ACTIVITY);
  const answers = await runOnNodes(
    watch,
    workers.map(({ endpoint }) => endpoint),
    workers.map(() => ACTIVITY),
  );
  const seen = [{ label: COORDINATOR, text: own[0]?.coalesce }];
  for (const [index, { label }] of workers.entries()) {
    const answer = answers[index];
    if (answer !== undefined && "value" in answer) seen.push({ label, text: answer.value ?? undefined });
  }
  const activity = seen.flatMap(({ label, text }) => parseActivity(label, JSON.parse(text ?? "[]") as Row[]));
  return lockWaits(activity).filter(({ waiting }) => waiting.gpid === gpid);
}

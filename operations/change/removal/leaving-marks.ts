import { LONGEST_NAME } from "../../../model/contract/longest-name";
import { isOwnApplication } from "../../../model/contract/application-name";
import { Failure, oneLine } from "../../base/failure";
import type { Member } from "../../cluster/nodes/leaving-members";
import type { Progress } from "../../base/progress";
import { prepareRecord } from "../../cluster/nodes/migrate-record";
import { clearLeaving, markLeaving, readRecord } from "../../cluster/nodes/recorded";
import { type RegisteredNode, readRegistered } from "../../cluster/nodes/registered";
import type { Session } from "../../cluster/connection/session";

/**
 * Marks nodes as leaving, so that no shard goes to any of them: neither ours, nor of a table that is created meanwhile.
 * In one transaction with the record, by which the mark can be told from a `shouldhaveshards` that people have set. A
 * node that isn't ours is not recorded, or Terraform would take it for one that is to be removed.
 */
export async function mark(session: Session, leaving: readonly Member[], progress: Progress): Promise<void> {
  const fresh = leaving.filter(({ shouldhaveshards }) => shouldhaveshards);
  if (fresh.length === 0) return;
  await prepareRecord(session);
  await session.transaction(async () => {
    for (const member of fresh) {
      if (member.id !== undefined && member.recorded === undefined) await adopt(session, member);
      await setShouldHaveShards(session, member, false);
    }
    await markLeaving(session, idsOf(fresh));
  });
  progress(`marked as leaving: ${labelsOf(fresh)}`);
}

/** Lifts the marks of this and of earlier runs: shards may go to these nodes as before. */
export async function lift(session: Session, leaving: readonly Member[], progress: Progress): Promise<void> {
  const record = await readRecord(session);
  const registered = await readRegistered(session);
  const lifted = leaving.filter((member) =>
    member.id === undefined
      ? isMarkOfThisRun(member, registered)
      : (record.get(member.id)?.leaving ?? null) !== null,
  );
  if (lifted.length === 0) return;
  try {
    await session.transaction(async () => {
      for (const member of lifted) await setShouldHaveShards(session, member, true);
      await clearLeaving(session, idsOf(lifted));
    });
  } catch (error) {
    throw new Failure(
      `${labelsOf(lifted)} stay marked as leaving: ${oneLine(error)}`,
      "the next apply goes on with them, or lifts the marks where they are wanted again",
      { cause: error },
    );
  }
  progress(`no longer marked as leaving: ${labelsOf(lifted)}`);
}

/**
 * After a removal that went well: lifts the marks of nodes whose own removal has failed, or was killed, since every removal
 * marks all that leave. One that waits for its turn keeps them.
 */
export async function liftAbandoned(
  session: Session,
  members: readonly Member[],
  removed: Member,
  progress: Progress,
): Promise<void> {
  const rows = await session.query<{ name: string }>(
    `SELECT application_name AS name FROM pg_stat_activity WHERE ${isOwnApplication("application_name", "leave")}`,
  );
  const waits = ({ id }: Member) =>
    id !== undefined &&
    rows.some(({ name }) => name.startsWith(`pg-dist leave ${id} `.slice(0, LONGEST_NAME)));
  await lift(
    session,
    members.filter((member) => member.leaves && member !== removed && !waits(member)),
    progress,
  );
}

/** Nothing records that of a node which isn't ours: what it was before this run is all there is to go by. */
function isMarkOfThisRun(member: Member, registered: readonly RegisteredNode[]): boolean {
  const now = registered.find(({ nodeid }) => nodeid === member.nodeid);
  return member.leaves && member.shouldhaveshards && now?.shouldhaveshards === false;
}

function labelsOf(members: readonly Member[]): string {
  return members.map(({ label }) => label).join(", ");
}

function idsOf(members: readonly Member[]): string[] {
  return members.flatMap(({ id }) => id ?? []);
}

async function setShouldHaveShards(session: Session, member: Member, value: boolean): Promise<void> {
  await session.query("SELECT citus_set_node_property($1::text, $2::int, 'shouldhaveshards', $3::bool)", [
    member.endpoint.host,
    member.endpoint.port,
    value,
  ]);
}

/** A node that was registered but not recorded: its image and settings are no longer known. */
async function adopt(session: Session, member: Member): Promise<void> {
  await session.query(
    `INSERT INTO pgdist.node (id, nodeid, groupid, host, port, server_id, image, settings)
     VALUES ($1, $2, $3, $4, $5, $6, '', '{}')
     ON CONFLICT (id) DO UPDATE SET nodeid = excluded.nodeid, groupid = excluded.groupid, host = excluded.host,
       port = excluded.port, server_id = excluded.server_id, leaving = NULL, recorded_at = now()`,
    [
      member.id,
      member.nodeid,
      member.groupid,
      member.endpoint.host,
      member.endpoint.port,
      member.server?.server_id,
    ],
  );
}

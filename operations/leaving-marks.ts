import { Failure, oneLine } from "./failure";
import type { Member } from "./leaving-members";
import type { Progress } from "./progress";
import { clearLeaving, markLeaving, prepareRecord, readRecord } from "./record";
import type { Session } from "./session";

/**
 * Marks nodes as leaving, so that no shard goes to any of them: neither ours, nor of a table that is created meanwhile.
 * In one transaction with the record, by which the mark can be told from a `shouldhaveshards` that people have set.
 */
export async function mark(session: Session, leaving: readonly Member[], progress: Progress): Promise<void> {
  const fresh = leaving.filter(({ shouldhaveshards }) => shouldhaveshards);
  if (fresh.length === 0) return;
  await prepareRecord(session);
  await session.transaction(async () => {
    for (const member of fresh) {
      if (member.recorded === undefined) await adopt(session, member);
      await setShouldHaveShards(session, member, false);
    }
    await markLeaving(session, idsOf(fresh));
  });
  progress(`marked as leaving: ${idsOf(fresh).join(", ")}`);
}

/** Lifts the marks of this and of earlier runs: shards may go to these nodes as before. */
export async function lift(session: Session, leaving: readonly Member[], progress: Progress): Promise<void> {
  const record = await readRecord(session);
  const lifted = leaving.filter(({ id }) => id !== undefined && (record.get(id)?.leaving ?? null) !== null);
  if (lifted.length === 0) return;
  try {
    await session.transaction(async () => {
      for (const member of lifted) await setShouldHaveShards(session, member, true);
      await clearLeaving(session, idsOf(lifted));
    });
  } catch (error) {
    throw new Failure(
      `${idsOf(lifted).join(", ")} stay marked as leaving: ${oneLine(error)}`,
      "the next apply goes on with them, or lifts the marks where they are wanted again",
      { cause: error },
    );
  }
  progress(`no longer marked as leaving: ${idsOf(lifted).join(", ")}`);
}

function idsOf(members: readonly Member[]): string[] {
  return members.flatMap(({ id }) => id ?? []);
}

async function setShouldHaveShards(session: Session, member: Member, value: boolean): Promise<void> {
  await session.query("SELECT citus_set_node_property($1, $2, 'shouldhaveshards', $3)", [
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

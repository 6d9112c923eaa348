import type { Cluster } from "../../../model/cluster";
import { coordinatorOf } from "../cluster-file";
import { EXIT, Failure, oneLine } from "../../base/failure";
import { type RecordedNode, readRecord } from "./recorded";
import type { Session } from "../connection/session";
import { SQLSTATE, sqlStateOf } from "../connection/sqlstate";
import { withStatementTimeout } from "../connection/statement-timeout";
import type { Doubt, ServerFacts } from "../connection/target";
import { METADATA_LOST_REMEDY } from "./metadata-lost";
import { findDoubts } from "./doubts";
import { explainNewer, readRecordVersion } from "./migrate-record";
import { noExtensionRemedy } from "./no-extension";
import type { Remedy } from "../../base/remedy";

/**
 * What a session is for. Every doubt refuses a `change`. A `read` is refused only where another cluster or a worker would be
 * shown in the place of this one; whatever else is wrong with the coordinator, people want to see, and are told.
 */
export type Purpose = "change" | "read";

/** The server that was reached, and as what it was recorded. */
export interface CheckedCoordinator {
  readonly server: ServerFacts;
  readonly record: ReadonlyMap<string, RecordedNode>;
  /** Only of a `read`, which goes on in spite of them. */
  readonly doubts: readonly Doubt[];
}

/** The server that was reached isn't the coordinator that was meant. Nothing was changed. */
export class WrongCoordinator extends Failure {
  readonly code: Doubt["code"];

  constructor({ code, what, remedy }: Doubt) {
    super(what, remedy, { exitCode: EXIT.refused });
    this.code = code;
    this.name = "WrongCoordinator";
  }
}

const FACTS = `SELECT current_setting('citus.version') AS citus,
       split_part(current_setting('server_version'), ' ', 1) AS postgres,
       (SELECT groupid FROM pg_dist_local_group) AS groupid,
       (SELECT metadata->>'server_id' FROM pg_dist_node_metadata) AS server_id,
       current_setting('cluster_name') AS cluster_name,
       pg_is_in_recovery() AS in_recovery,
       to_regnamespace('citus_stand_in') IS NOT NULL AS stand_in`;

/**
 * Whether the server that we reached is the coordinator that was meant: a private address may lead elsewhere from here. The
 * one check of it: everything that changes anything calls it with `change`, once the session is open and again where it then
 * waited for the cluster's lock.
 *
 * @param cluster undefined for one that is given by address: then any coordinator is meant
 * @throws WrongCoordinator when it isn't; Failure when it isn't set up
 */
export async function checkCoordinator(
  session: Session,
  cluster: Cluster | undefined,
  purpose: Purpose,
): Promise<CheckedCoordinator> {
  const { record, version } = await readOwnTables(session, purpose);
  const server = await readFacts(session, cluster, record);
  const newer = explainNewer(version);
  const doubts = [
    ...findDoubts(server, cluster, record),
    ...(newer === undefined ? [] : [{ code: "newer-record" as const, ...newer }]),
  ].map((doubt) => ({
    ...doubt,
    what: `the server reached by ${session.transport.description} ${doubt.what}`,
  }));
  const refused = doubts.find(({ code }) => purpose === "change" || MISLEADING.has(code));
  if (refused !== undefined) throw new WrongCoordinator(refused);
  return { server, record, doubts };
}

/** How long a command that only reads waits for our own tables, which somebody may hold locked. In milliseconds. */
const OWN_TABLES_MS = 1000;

interface OwnTables {
  readonly record: ReadonlyMap<string, RecordedNode>;
  readonly version: number;
}

/** A `read` goes on without them where they are locked: what it then can't show it says, and `status --watch` stays. */
async function readOwnTables(session: Session, purpose: Purpose): Promise<OwnTables> {
  const read = async () => ({
    record: await readRecord(session),
    version: await readRecordVersion(session),
  });
  if (purpose === "change") return read();
  try {
    return await withStatementTimeout(session, OWN_TABLES_MS, read);
  } catch (error) {
    if (sqlStateOf(error) !== SQLSTATE.queryCanceled) throw error;
    return { record: new Map(), version: 0 };
  }
}

/** What is shown would be of something else. */
const MISLEADING: ReadonlySet<Doubt["code"]> = new Set(["worker", "other-name"]);

async function readFacts(
  session: Session,
  cluster: Cluster | undefined,
  record: ReadonlyMap<string, RecordedNode>,
): Promise<ServerFacts> {
  try {
    const [facts] = await session.query<ServerFacts>(FACTS);
    return facts as ServerFacts;
  } catch (error) {
    const state = sqlStateOf(error);
    if (state !== SQLSTATE.undefinedTable && state !== SQLSTATE.undefinedObject) throw error;
    const of = cluster === undefined ? session.transport.description : coordinatorOf(cluster).id;
    throw new Failure(
      `database ${session.place.database} of ${of} has no Citus extension (${session.redact(oneLine(error))})`,
      remedyWithoutExtension(session, cluster, record),
      { cause: error },
    );
  }
}

function remedyWithoutExtension(
  session: Session,
  cluster: Cluster | undefined,
  record: ReadonlyMap<string, RecordedNode>,
): Remedy {
  if (record.size > 0) return METADATA_LOST_REMEDY;
  if (cluster === undefined) return "name the database that has it, or CREATE EXTENSION citus there";
  return noExtensionRemedy(session.place);
}

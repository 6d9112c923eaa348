import type { Cluster, Endpoint } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import type { Problem } from "../../base/failure";
import { leftoverNames } from "./leftovers";
import { COORDINATOR_GROUP, type RegisteredNode, sameEndpoint } from "../nodes/registered";
import { runOnNodes } from "../nodes/run-on-nodes";
import type { Session } from "../connection/session";
import type { Holdings } from "./contents";
import { quoteName } from "../../base/shown-words";
import { knownRelations } from "./known-relations";
import { type CitusDatabase, withOtherDatabases } from "./other-databases";
import type { LookedInto } from "./server";
import { surveyServer } from "./survey";
import { advise, commandIn } from "../../base/remedy";

/** What stands against the end of a worker's server. */
export interface MemberHoldings extends Holdings {
  /** Other databases of the coordinator in whose metadata it is a worker too. */
  readonly elsewhere: readonly (Problem & { readonly database: string })[];
}

/** A worker whose server can be asked. */
export interface AskableWorker {
  /** As it is called in the output. */
  readonly label: string;
  readonly server: LookedInto;
  /** Where it is, or was, registered; undefined where nothing tells that. */
  readonly endpoint?: Endpoint;
  /** Where it is registered in this database; else it is, or was, none of its workers. */
  readonly groupid?: number;
}

/**
 * What a worker holds beside the shards of this database.
 *
 * @throws Failure where it can't be known
 */
export async function surveyWorker(
  session: Session,
  cluster: Cluster,
  node: AskableWorker,
): Promise<MemberHoldings> {
  return withOtherDatabases(session, async (databases, unopened) => {
    const found = await Promise.all(databases.map((each) => findIn(each, node)));
    const rows = databases.flatMap((database, index) => {
      const row = found[index];
      return row === undefined ? [] : [{ database, row }];
    });
    const known = rows.map(async ({ database, row }) => {
      const names = "groupid" in row ? await knownRelations(database.session, row.groupid) : [];
      return [database.name, names] as const;
    });
    const roles = await session.query<{ rolname: string }>("SELECT rolname FROM pg_roles");
    const holdings = await surveyServer(node.server, node.label, {
      standing: node.groupid === undefined ? "former" : "member",
      known: node.groupid === undefined ? [] : await knownRelations(session, node.groupid),
      ...(node.groupid === undefined ? { leftovers: await leftoverNames(session) } : {}),
      elsewhere: new Map(await Promise.all(known)),
      unopened: new Map(unopened.map(({ name, why }) => [name, why])),
      roles: roles.map(({ rolname }) => rolname),
    });
    return {
      ...holdings,
      elsewhere: rows.map(({ database, row }) => describe(cluster, node, database, row)),
    };
  });
}

const SYSTEM = "SELECT system_identifier::text FROM pg_control_system()";

/** A row of another database that can't be asked, and may be this server's under an address that it had. */
interface Silent extends Pick<RegisteredNode, "nodeid" | "endpoint"> {
  readonly silent: true;
}

/** The node's row in another database: by its endpoint, or by another one at which the same server answers. */
async function findIn(
  { session: there, registered }: CitusDatabase,
  { endpoint, server }: AskableWorker,
): Promise<RegisteredNode | Silent | undefined> {
  const workers = registered.filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
  const direct = workers.find((row) => endpoint !== undefined && sameEndpoint(row.endpoint, endpoint));
  if (direct !== undefined || workers.length === 0) return direct;
  const own = await server.ask(SYSTEM);
  const answers = await runOnNodes(
    there,
    workers.map((row) => row.endpoint),
    workers.map(() => SYSTEM),
  );
  const isSame = (index: number) => {
    const answer = answers[index];
    return answer !== undefined && "value" in answer && "value" in own ? answer.value === own.value : false;
  };
  const same = workers.find((_row, index) => isSame(index));
  if (same !== undefined) return same;
  const silent = workers.find((_row, index) => !("value" in (answers[index] ?? {})));
  return silent === undefined
    ? undefined
    : { nodeid: silent.nodeid, endpoint: silent.endpoint, silent: true };
}

function describe(
  { environment, database: homeDatabase }: Cluster,
  { label }: AskableWorker,
  { name, shards }: CitusDatabase,
  row: RegisteredNode | Silent,
): Problem & { readonly database: string } {
  const database = quoteName(name);
  const there = { environment, database: name, homeDatabase };
  if ("silent" in row) {
    return {
      database: name,
      node: label,
      what: `database ${database} of the coordinator has a worker at ${formatEndpoint(row.endpoint)}, which doesn't answer and may be this one`,
      remedy: advise`start it, or correct its address: SELECT citus_update_node(${row.nodeid}, 'HOST', PORT) on the coordinator, in database
          ${database}; ${commandIn(there, "status")} shows it`,
    };
  }
  const count = shards.get(row.groupid) ?? 0;
  return {
    database: name,
    node: label,
    what: `it is a worker of the Citus database ${database} too, where it holds ${count} shard(s): a drain of this database doesn't move those`,
    remedy: advise`first: ${commandIn(there, "remove", label)}`,
  };
}

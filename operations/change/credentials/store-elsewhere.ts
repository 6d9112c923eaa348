import type { Cluster, Endpoint } from "../../../model/cluster";
import { coordinatorOf } from "../../cluster/cluster-file";
import { oneLine } from "../../base/failure";
import {
  type CitusDatabase,
  remedyForUnreadable,
  withOtherDatabases,
} from "../../cluster/holdings/other-databases";
import type { Progress } from "../../base/progress";
import { isCertificate, storeStatement } from "../../cluster/nodes/credentials";
import { COORDINATOR_GROUP, sameEndpoint } from "../../cluster/nodes/registered";
import { readView } from "../../cluster/nodes/read-view";
import type { NodeView } from "../../cluster/nodes/view";
import { type HeldRoles, heldByCoordinator } from "../../cluster/roles/held-roles";
import { type Spread, describeSpread, spreadCredentials } from "../../cluster/roles/spread-credentials";
import { quoteName } from "../../base/shown-words";
import type { Session } from "../../cluster/connection/session";
import { advise } from "../../base/remedy";

export interface StoreElsewhereOptions {
  readonly roles: readonly string[];
  /** Only on the coordinator: before its workers are known to answer at the addresses that are registered there. */
  readonly coordinatorOnly?: true;
  readonly progress: Progress;
}

/**
 * A role has one password on all of a server, and each database stores it for itself (pg_dist_authinfo): what this database
 * has stored of the roles, the other databases with Citus get too that have nodes of ours registered. The superuser's in any
 * case: one that was made by hand works without until its containers start anew, and then its nodes no longer reach each
 * other. Other roles' where one is stored, which is an older one then. No node is registered or moved there.
 *
 * What can't be stored there doesn't stop the work on this database: it is said.
 *
 * @returns whether anything was stored
 */
export async function storeElsewhere(
  session: Session,
  cluster: Cluster,
  { roles, coordinatorOnly, progress }: StoreElsewhereOptions,
): Promise<boolean> {
  const own = await heldByCoordinator(session, roles);
  const nodes = await readView(session, cluster);
  const ours = nodes.flatMap(endpointsOf);
  const store = async (databases: readonly CitusDatabase[]) => {
    let changed = false;
    for (const database of databases) {
      if (!database.registered.some(({ endpoint }) => isAmong(ours, endpoint))) continue;
      const name = `in database ${quoteName(database.name)}`;
      try {
        const spread = await storeThere(database, cluster, own, coordinatorOnly === true ? undefined : nodes);
        for (const line of describeSpread(spread)) progress(`${name}: ${line}`);
        if (spread.length > 0) changed = true;
      } catch (error) {
        progress(
          `${name}: the passwords for the other nodes are not stored everywhere: ${session.redact(oneLine(error))}`,
        );
      }
    }
    return changed;
  };
  return withOtherDatabases(session, store, (name, why) => {
    // Once in a registration, which comes here twice.
    if (coordinatorOnly === true) return;
    progress(
      advise`in database ${quoteName(name)}: the passwords for the other nodes are not stored (${why}): ${remedyForUnreadable(name, why)}`,
    );
  });
}

/** Where it is, and where the environment wants it. */
function endpointsOf({ endpoint, movesTo }: NodeView): Endpoint[] {
  return [endpoint, ...(movesTo === undefined ? [] : [movesTo])];
}

function isAmong(endpoints: readonly Endpoint[], endpoint: Endpoint): boolean {
  return endpoints.some((each) => sameEndpoint(each, endpoint));
}

async function storeThere(
  { session, registered }: CitusDatabase,
  cluster: Cluster,
  own: HeldRoles,
  home: readonly NodeView[] | undefined,
): Promise<Spread[]> {
  const there = await heldByCoordinator(session, Object.keys(own));
  const wanted = Object.entries(own).filter(([role, { authinfo }]) => {
    const stored = there[role]?.authinfo ?? null;
    // A certificate is somebody's choice for that database.
    return authinfo !== null && !isCertificate(stored) && (stored !== null || role === cluster.user);
  });
  const spread: Spread[] = [];
  for (const [role, { authinfo, verifier }] of wanted) {
    if (there[role]?.authinfo === authinfo) continue;
    await session.query(storeStatement(role, authinfo ?? "", verifier));
    spread.push({ role, node: coordinatorOf(cluster).id, what: "stored" });
  }
  if (home === undefined) return spread;
  const nodes = registered.flatMap(({ groupid, endpoint }) => {
    // By where it is sooner than by where it is to be: two may change places.
    const node =
      home.find((each) => sameEndpoint(each.endpoint, endpoint)) ??
      home.find((each) => isAmong(endpointsOf(each), endpoint));
    return node?.declared === undefined || groupid === COORDINATOR_GROUP
      ? []
      : [{ label: node.label, endpoint }];
  });
  return [
    ...spread,
    ...(await spreadCredentials(
      session,
      wanted.map(([role]) => role),
      nodes,
    )),
  ];
}

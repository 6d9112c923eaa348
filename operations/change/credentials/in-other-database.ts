import type { Cluster } from "../../../model/cluster";
import { Failure } from "../../base/failure";
import { isOtherDatabase } from "../../base/command-line";
import { readView } from "../../cluster/nodes/read-view";
import { heldByCoordinator } from "../../cluster/roles/held-roles";
import { readRoles } from "../../cluster/roles/read-roles";
import type { Session } from "../../cluster/connection/session";
import { type StoreOptions, storeRole } from "./store-role";
import { advise } from "../../base/remedy";

/**
 * The cluster with those of its workers that this database has, where it has them: another one may have some only. In the
 * environment's own database all of them, where the environment has them: that comes before their registration.
 */
export async function membersHere(session: Session, cluster: Cluster): Promise<Cluster> {
  if (!isOtherDatabase(cluster)) return cluster;
  const view = await readView(session, cluster);
  const nodes = cluster.nodes.flatMap((node) => {
    const there = view.find(({ declared }) => declared === node)?.registered;
    if (there !== undefined) return [{ ...node, endpoint: there.endpoint }];
    return node.role === "coordinator" ? [node] : [];
  });
  return { ...cluster, nodes };
}

/** What the environment's own database has stored of these roles; nothing for that itself. Secret. */
export async function knownAtHome(
  session: Session,
  { homeDatabase }: Cluster,
  roles: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (homeDatabase === undefined) return new Map();
  const home = await session.openIn(homeDatabase);
  try {
    const held = Object.entries(await heldByCoordinator(home, roles));
    return new Map(held.flatMap(([role, { authinfo }]) => (authinfo === null ? [] : [[role, authinfo]])));
  } finally {
    await home.end();
  }
}

/**
 * In another database, the roles that use its tables and whose passwords the environment's own database has stored.
 *
 * @returns those that were stored; of the others it is said why not
 */
export async function storeKnown(
  session: Session,
  cluster: Cluster,
  options: StoreOptions,
): Promise<string[]> {
  if (!isOtherDatabase(cluster)) return [];
  const used = (await readRoles(session)).map(({ name }) => name);
  const stored: string[] = [];
  for (const [role, authinfo] of await knownAtHome(session, cluster, used)) {
    try {
      await storeRole(session, role, { kind: "known", authinfo }, options);
      stored.push(role);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      options.progress(advise`${error.summary}: ${error.remedy}`);
    }
  }
  return stored;
}

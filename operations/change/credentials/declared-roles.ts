import type { Cluster } from "../../../model/cluster";
import type { Credentials } from "../../base/caller/credentials";
import { ROLE_PASSWORDS } from "../../base/caller/role-passwords";
import { storeElsewhere } from "./store-elsewhere";
import { storeRole } from "./store-role";
import { Failure, type Problem, problemsFailure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import { readView } from "../../cluster/nodes/read-view";
import type { Session } from "../../cluster/connection/session";
import { isRegistered } from "../../cluster/nodes/view";
import { heldByCoordinator } from "../../cluster/roles/held-roles";
import { quoteName } from "../../base/shown-words";
import { AGAIN, advise } from "../../base/remedy";

/** Time for the proof of one password, in milliseconds. */
const PROOF_MS = 20_000;

/**
 * Stores the passwords of the roles that the environment names. One that the coordinator has stored already needs none: it is
 * given only where it is to change.
 *
 * @throws Failure with every role that isn't there, has no password given, or another one
 */
export async function storeDeclaredRoles(
  session: Session,
  cluster: Cluster,
  { credentials, progress }: { readonly credentials: Credentials; readonly progress: Progress },
): Promise<void> {
  const roles = cluster.roles ?? [];
  if (roles.length === 0) return;
  const passwords = credentials.ofRoles();
  const nodes = (await readView(session, cluster))
    .filter(isRegistered)
    .filter(({ registered }) => registered.isactive)
    .map(({ label, registered }) => ({ ...registered, label }));
  const before = await heldByCoordinator(session, roles);
  const problems: Problem[] = [];
  const given: string[] = [];
  for (const role of roles) {
    const password = passwords.get(role);
    const stored = (before[role]?.authinfo ?? null) !== null;
    if (password === undefined && stored) continue;
    const node = `environment ${cluster.environment}`;
    if (password === undefined) {
      const remedy = advise`set ${ROLE_PASSWORDS} to JSON with it, then ${AGAIN}`;
      const what = `role ${quoteName(role)} is in its \`roles\`, and no password of it is given`;
      problems.push({ node, what, remedy });
      continue;
    }
    try {
      await storeRole(
        session,
        role,
        { kind: "given", password },
        {
          ...{ place: cluster, nodes, timeoutMs: PROOF_MS },
          progress,
        },
      );
      given.push(role);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      problems.push({ node, what: error.summary, remedy: advise`${error.remedy}; then ${AGAIN}` });
    }
  }
  if (given.length > 0) await storeElsewhere(session, cluster, { roles: given, progress });
  const [first, ...others] = problems;
  if (first !== undefined)
    throw problemsFailure(
      [first, ...others],
      "the nodes are registered, but not every role in `roles` works",
    );
}

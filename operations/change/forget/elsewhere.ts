import { placeInDatabase } from "../../base/place";
import type { Cluster } from "../../../model/cluster";
import { EXIT, type Problem, problemsFailure } from "../../base/failure";
import { quoteName } from "../../base/shown-words";
import { withOtherDatabases } from "../../cluster/holdings/other-databases";
import { sameEndpoint } from "../../cluster/nodes/registered";
import { readView } from "../../cluster/nodes/read-view";
import { isRegistered } from "../../cluster/nodes/view";
import type { Session } from "../../cluster/connection/session";
import { advise, commandIn } from "../../base/remedy";

/**
 * Other databases with Citus have shards of their own on the same servers. Forgotten here alone, a lost server would stay
 * registered there, with nothing left that knows which one it was.
 *
 * @param hosts ids of Docker hosts or of single nodes
 * @throws Failure (refused) that names those databases, each with the command for it
 */
export async function requireForgottenElsewhere(
  session: Session,
  cluster: Cluster,
  hosts: readonly string[],
): Promise<void> {
  const nodes = (await readView(session, cluster)).filter(isRegistered);
  const lost = nodes.filter(
    ({ id }) => id !== undefined && (hosts.includes(id) || hosts.includes(id.split("/")[0] ?? "")),
  );
  const [first, ...others] = await withOtherDatabases(session, async (databases) =>
    databases.flatMap(({ name, registered, shards }): Problem[] => {
      const there = registered.filter((row) =>
        lost.some(({ endpoint }) => sameEndpoint(endpoint, row.endpoint)),
      );
      if (there.length === 0) return [];
      const count = there.reduce((sum, { groupid }) => sum + (shards.get(groupid) ?? 0), 0);
      return [
        {
          node: hosts.join(", "),
          what: `the Citus database ${quoteName(name)} has ${there.length} worker(s) there too, with ${count} shard(s)`,
          remedy: advise`first: ${commandIn(placeInDatabase(cluster, name), "forget", ...hosts)}`,
        },
      ];
    }),
  );
  if (first !== undefined) throw problemsFailure([first, ...others], "nothing was forgotten", EXIT.refused);
}

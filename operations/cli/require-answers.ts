import { problemsFailure } from "../base/failure";
import { limitNodeConnections } from "../cluster/nodes/reachability";
import { askAll } from "../cluster/nodes/ask-all";
import type { Connected } from "../cluster/connection/target";

/**
 * Asks every registered node for a sign of life. What Citus does for a change waits for each silent node as long as a
 * connection may take, one after the other, and then often doesn't say for which. One that is disabled it passes over.
 *
 * @param consequence what was therefore not done, e.g. `nothing was moved`
 * @throws Failure that names the nodes which don't answer within the target's time, with what Docker says of them
 */
export async function requireAnswers(target: Connected, consequence: string): Promise<void> {
  const asked = await askAll(target, "SELECT 'true'", ({ isactive }) => isactive);
  // It was set to what one question may take.
  await limitNodeConnections(target.session);
  const [first, ...others] = asked.flatMap(({ label, failed }) =>
    failed === undefined ? [] : [{ node: label, ...failed }],
  );
  if (first !== undefined) throw problemsFailure([first, ...others], consequence);
}

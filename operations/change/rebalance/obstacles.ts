import type { Cluster } from "../../../model/cluster";
import { findDependents } from "../../cluster/dependents/find";
import type { TransferMode } from "../../cluster/shards/transfer-mode";
import { explainImmovable, findImmovable } from "../../cluster/shards/movable-tables";
import { explainWalLevel } from "../../cluster/moving/wal-level";
import { loopbackOf } from "../../cluster/nodes/loopback";
import { sameEndpoint } from "../../cluster/nodes/registered";
import { readView } from "../../cluster/nodes/read-view";
import { runOnNodes } from "../../cluster/nodes/run-on-nodes";
import { type RegisteredView, isRegistered } from "../../cluster/nodes/view";
import { findImmobileOwners } from "../../cluster/roles/immobile-owners";
import type { Session } from "../../cluster/connection/session";
import { withStatementTimeout } from "../../cluster/connection/statement-timeout";
import { ownedMoves } from "./owned-moves";
import type { PlannedMove } from "./plan";
import type { Remedy } from "../../base/remedy";

/** What stands against the moves of a plan. */
export interface Obstacle {
  readonly what: string;
  readonly remedy: Remedy;
}

/** How long nodes may take that have many shards: PostgreSQL compiles such a query for some seconds. In milliseconds. */
const DEPENDENTS_MS = 120_000;

/**
 * All that stands against these moves, found before the first.
 *
 * @param blockWrites how to let writes wait instead, in words
 */
export async function findObstacles(
  session: Session,
  cluster: Cluster,
  moves: readonly PlannedMove[],
  mode: TransferMode,
  blockWrites?: string,
): Promise<Obstacle[]> {
  const tables = [...new Set(moves.flatMap((move) => move.tables))];
  const nodes = (await readView(session, cluster)).filter(isRegistered);
  return [
    ...(mode === "block_writes" ? [] : await walLevels(session, nodes, moves, blockWrites)),
    ...explainImmovable(await findImmovable(session, tables), mode, blockWrites),
    ...(await findImmobileOwners(session, ownedMoves(nodes, moves))),
    ...(await dependents(session, nodes, moves)),
  ];
}

/** Of a node that doesn't answer none: that is said by whatever else is asked of it. */
async function walLevels(
  session: Session,
  nodes: readonly RegisteredView[],
  moves: readonly PlannedMove[],
  blockWrites?: string,
): Promise<Obstacle[]> {
  const sources = nodes.filter(({ endpoint }) => moves.some(({ source }) => sameEndpoint(source, endpoint)));
  const loopback = await loopbackOf(session);
  const answers = await runOnNodes(
    session,
    sources.map(({ role, endpoint }) => (role === "coordinator" ? loopback : endpoint)),
    sources.map(() => "SELECT current_setting('wal_level')"),
  );
  return sources.flatMap(({ label }, index) => {
    const answer = answers[index];
    if (answer === undefined || !("value" in answer)) return [];
    const problem = explainWalLevel(answer.value ?? "unknown", blockWrites);
    return problem === undefined ? [] : [{ what: `${label}: ${problem.what}`, remedy: problem.remedy }];
  });
}

async function dependents(
  session: Session,
  nodes: readonly RegisteredView[],
  moves: readonly PlannedMove[],
): Promise<Obstacle[]> {
  const sources = nodes.map(({ label, endpoint, registered: { groupid } }) => ({
    ...{ groupid, endpoint, label },
    shardids: moves.filter(({ source }) => sameEndpoint(source, endpoint)).flatMap((move) => move.shardids),
  }));
  const problems = await withStatementTimeout(session, DEPENDENTS_MS, () => findDependents(session, sources));
  return problems.map(({ node, what, remedy }) => ({ what: `${node}: ${what}`, remedy }));
}

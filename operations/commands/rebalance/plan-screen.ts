import type { Endpoint } from "../../../model/cluster";
import { formatBytes } from "../../base/bytes";
import type { Paint } from "../../cli/output";
import { renderTable } from "../../cli/table";
import { type Estimate, formatSeconds } from "../../change/rebalance/estimate";
import { amountOfMoves } from "../../change/rebalance/lines";
import { formatAmount } from "../../cluster/shards/amount";
import type { Obstacle } from "../../change/rebalance/obstacles";
import type { PlannedMove } from "../../change/rebalance/plan";
import { render } from "../../base/remedy";

/** What a rebalance would do. */
export interface PlanView {
  readonly moves: readonly PlannedMove[];
  readonly estimate: Estimate;
  /** What stands against them. */
  readonly immovable: readonly Obstacle[];
}

const COLUMNS = [
  { header: "shard" },
  { header: "tables", yields: 1 },
  { header: "bytes", align: "right" as const },
  { header: "from", yields: 2 },
  { header: "to", yields: 3 },
];

/**
 * Each move, and below them how long all may take.
 *
 * @param nameOf the node at an endpoint
 */
export function planScreen(
  { moves, estimate, immovable }: PlanView,
  nameOf: (endpoint: Endpoint) => string,
  paint: Paint,
  width: number,
): string[] {
  if (moves.length === 0) return ["Nothing to move: the shards are spread as evenly as they can be."];
  const rows = moves.map(({ shardid, tables, bytes, source, target }) => [
    shardid,
    `${tables.at(0) ?? ""}${tables.length > 1 ? ` +${tables.length - 1}` : ""}`,
    formatBytes(bytes),
    nameOf(source),
    nameOf(target),
  ]);
  const time = `${estimate.complete ? "about" : "at least"} ${formatSeconds(estimate.seconds)}`;
  return [
    ...renderTable(COLUMNS, rows, width, (header) => paint("bold", header)),
    "",
    `${moves.length} moves, ${formatAmount(amountOfMoves(moves))}; ${time} (${estimate.basis})`,
    ...immovable.map(({ what, remedy }) => `${what}: ${render(remedy, "person")}`),
  ];
}

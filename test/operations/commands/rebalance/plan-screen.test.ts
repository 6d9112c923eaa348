import { expect, it } from "vitest";
import { formatEndpoint } from "../../../../model/cluster";
import { estimateTime } from "../../../../operations/change/rebalance/estimate";
import type { PlannedMove } from "../../../../operations/change/rebalance/plan";
import { planScreen } from "../../../../operations/commands/rebalance/plan-screen";
import { plain, show } from "../some-nodes";

const MB = 1024 * 1024;

const MOVES: readonly PlannedMove[] = [
  { shardid: "102008", tables: ["public.orders", "public.lines"], bytes: 40 * MB },
  { shardid: "102012", tables: ["public.events"], bytes: 8192 },
].map((move) => ({
  ...move,
  shardids: [move.shardid],
  source: { host: "server-b.example.com", port: 5432 },
  target: { host: "server-c.example.com", port: 5432 },
}));

const PLAN = {
  moves: MOVES,
  estimate: estimateTime({ moves: 2, bytes: 40 * MB }),
  immovable: [{ what: "without a primary key: public.events", remedy: "add a primary key" }],
};

it.each([Infinity, 60])("rebalance plan, in %d columns", (width) => {
  expect(show(planScreen(PLAN, formatEndpoint, plain, width))).toMatchSnapshot();
});

it("rebalance plan where nothing is to be moved", () => {
  expect(show(planScreen({ ...PLAN, moves: [] }, formatEndpoint, plain, 80))).toMatchSnapshot();
});

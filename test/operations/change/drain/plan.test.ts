import { expect, test } from "vitest";
import { type GroupPlacement, planMoves, type Receiver } from "../../../../operations/change/drain/plan";

const GB = 2 ** 30;

function placement(shardid: string, bytes: number, source = 1, holders = [source]): GroupPlacement {
  return { group: { shardid, shardids: [shardid], tables: ["t"], bytes, holders }, source };
}

function receiver(nodeid: number, fileSystem: string, bytes = 0, groups = 0): Receiver {
  return { nodeid, fileSystem, bytes, groups };
}

/** A strategy that allows everything. */
const ANY = { allows: () => true, capacity: () => 1 };

const servers = (nodeid: number) => `server-${nodeid}`;

test("empty shards are spread by their number", () => {
  const placements = ["1", "2", "3", "4", "5", "6"].map((shardid) => placement(shardid, 0));
  const room = new Map([
    ["a", GB],
    ["b", GB],
  ]);
  const { moves } = planMoves(placements, [receiver(2, "a"), receiver(3, "b")], room, servers, ANY);
  expect(moves.filter((move) => move.target === 2)).toHaveLength(3);
  expect(moves.filter((move) => move.target === 3)).toHaveLength(3);
});

test("bytes go to where there are fewer", () => {
  const room = new Map([
    ["a", 100 * GB],
    ["b", 100 * GB],
  ]);
  const placements = [placement("1", 2 * GB), placement("2", 8 * GB), placement("3", 2 * GB)];
  const { moves } = planMoves(
    placements,
    [receiver(2, "a", 8 * GB, 4), receiver(3, "b", 0, 4)],
    room,
    servers,
    ANY,
  );
  expect(moves.map(({ group, target }) => [group.shardid, target])).toEqual([
    ["2", 3],
    ["1", 2],
    ["3", 3],
  ]);
});

test("the room of a server counts once for all of its workers", () => {
  const placements = [placement("1", 3 * GB), placement("2", 3 * GB)];
  const { moves, misfits } = planMoves(
    placements,
    [receiver(2, "server-d"), receiver(3, "server-d")],
    new Map([["server-d", 5 * GB]]),
    servers,
    ANY,
  );
  expect(moves).toHaveLength(1);
  expect(misfits.map(({ group }) => group.shardid)).toEqual(["2"]);
});

test("a full server gets nothing while another has room", () => {
  const room = new Map([
    ["a", GB],
    ["b", 100 * GB],
  ]);
  const placements = [placement("1", 2 * GB), placement("2", 2 * GB)];
  const { moves, misfits } = planMoves(
    placements,
    [receiver(2, "a"), receiver(3, "b", 50 * GB, 9)],
    room,
    servers,
    ANY,
  );
  expect(moves.map(({ target }) => target)).toEqual([3, 3]);
  expect(misfits).toEqual([]);
});

test("two workers of one server: what moves between them takes no room for good", () => {
  const placements = [placement("1", 3 * GB), placement("2", 3 * GB)];
  const plan = planMoves(
    placements,
    [receiver(2, "server-d")],
    new Map([["server-d", 4 * GB]]),
    () => "server-d",
    ANY,
  );
  expect(plan.misfits).toEqual([]);
});

test("a replica doesn't move to where another one is", () => {
  const room = new Map([
    ["a", GB],
    ["b", GB],
  ]);
  const plan = planMoves(
    [placement("1", 1, 1, [1, 2]), placement("2", 1, 1, [1, 2, 3])],
    [receiver(2, "a"), receiver(3, "b", 900, 9)],
    room,
    servers,
    ANY,
  );
  expect(plan.moves.map(({ group, target }) => [group.shardid, target])).toEqual([["1", 3]]);
  expect(plan.misfits.map(({ group }) => group.shardid)).toEqual(["2"]);
});

test("without a receiver everything is left over", () => {
  expect(planMoves([placement("1", 0)], [], new Map(), servers, ANY)).toEqual({
    moves: [],
    misfits: [placement("1", 0)],
  });
});

test("nothing goes to where the cluster's strategy forbids it, and a node of more capacity gets more", () => {
  const placements = ["1", "2", "3", "4", "5", "6"].map((shardid) => placement(shardid, GB));
  const room = new Map([
    ["a", 100 * GB],
    ["b", 100 * GB],
    ["c", 100 * GB],
  ]);
  const strategy = {
    allows: (key: string, nodeid: number) => nodeid !== 4 && !(key === "6" && nodeid !== 4),
    capacity: (nodeid: number) => (nodeid === 3 ? 4 : 1),
  };
  const receivers = [receiver(2, "a"), receiver(3, "b"), receiver(4, "c")];
  const { moves, misfits } = planMoves(placements, receivers, room, servers, strategy);
  expect(moves.filter((move) => move.target === 2)).toHaveLength(1);
  expect(moves.filter((move) => move.target === 3)).toHaveLength(4);
  expect(misfits.map(({ group }) => group.shardid)).toEqual(["6"]);
});

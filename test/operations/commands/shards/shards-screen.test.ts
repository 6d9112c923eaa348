import { expect, it } from "vitest";
import { shardsScreen } from "../../../../operations/commands/shards/command";
import { measure, tablesScreen, withoutShards } from "../../../../operations/commands/tables/command";
import { distributionOf } from "../../../../operations/observe/distribution/distribution";
import type {
  CitusTable,
  Placement,
  Placements,
} from "../../../../operations/observe/distribution/placements";
import { plain, show, someAnswers } from "../some-nodes";

const MB = 1024 * 1024;

const TABLES: readonly CitusTable[] = [
  { table: "public.country", type: "reference", column: null, colocation: 2, owner: "postgres" },
  { table: "public.orders", type: "distributed", column: "customer_id", colocation: 1, owner: "shop" },
];

/** Two shards on each worker, of which server-b/worker1 lost one, and a reference table. */
function placements(): Placement[] {
  const shard = (
    shardid: string,
    node: string,
    bytes: number | null,
    min: string,
    max: string,
  ): Placement => ({
    ...{ shardid, table: "public.orders", node, bytes, min, max },
    unreadable: bytes === null ? "missing" : null,
  });
  const copy = (node: string): Placement => ({
    ...{
      shardid: "102012",
      table: "public.country",
      node,
      bytes: 8192,
      unreadable: null,
      min: null,
      max: null,
    },
  });
  return [
    shard("102008", "server-b/worker1", 40 * MB, "-2147483648", "-1073741825"),
    shard("102009", "server-c/worker1", 10 * MB, "-1073741824", "-1"),
    shard("102010", "server-b/worker1", null, "0", "1073741823"),
    shard("102011", "server-c/worker1", 10 * MB, "1073741824", "2147483647"),
    ...["server-a/coordinator", "server-b/worker1", "server-c/worker1"].map(copy),
  ];
}

const ALL: Placements = {
  tables: TABLES,
  placements: placements(),
  plain: [],
  asked: someAnswers({}, {}, {}),
};

it.each([Infinity, 60])("shards of all tables, in %d columns", (width) => {
  expect(show(shardsScreen(distributionOf(ALL), ALL.asked, plain, width))).toMatchSnapshot();
});

it.each([Infinity, 60])("shards of one table, in %d columns", (width) => {
  expect(show(shardsScreen(distributionOf(ALL, "orders"), ALL.asked, plain, width))).toMatchSnapshot();
});

it("says that sizes on a node which doesn't answer are unknown, and not nothing", () => {
  const down = ALL.placements.map((each): Placement => {
    const silent = each.node === "server-c/worker1";
    return silent ? { ...each, bytes: null, unreadable: "no answer" } : each;
  });
  const all = { ...ALL, placements: down.filter(({ unreadable }) => unreadable !== "missing") };
  expect(show(shardsScreen(distributionOf(all), all.asked, plain, Infinity))).toMatchInlineSnapshot(`
    "
    node              shards     size  unreadable
    server-b/worker1       1    40 MB           0
    server-c/worker1       2  unknown           2

    table          shards     size  skew  most  least
    public.orders       3  ≥ 40 MB     -  -     -
    "
  `);
});

it.each([Infinity, 80])("tables, in %d columns, with a node that doesn't answer", (width) => {
  const people = { table: "public.notes", node: "server-b/worker1", owner: "app", bytes: 3 * MB };
  const measured = [...TABLES.map((table) => measure(table, ALL.placements)), withoutShards(people)];
  expect(show(tablesScreen(measured, someAnswers({}, {}), plain, width))).toMatchSnapshot();
});

it("tables where there is none", () => {
  expect(show(tablesScreen([], ALL.asked, plain, 80))).toMatchSnapshot();
});

it("compares the coordinator with the workers only where it has shards of its own", () => {
  expect(distributionOf(ALL).holders).toEqual(["server-b/worker1", "server-c/worker1"]);
  expect(distributionOf(ALL, "country").holders).toContain("server-a/coordinator");
  const whole = { ...ALL, placements: ALL.placements.filter(({ bytes }) => bytes !== null) };
  // 40 MB by the average of 40 MB and 20 MB.
  expect(distributionOf(whole).skew).toBeCloseTo(40 / 30);
});

it("names the command that lists the tables to who gives none of them", () => {
  expect(() => distributionOf(ALL, "nothing", "`npx pg-dist tables production`")).toThrow(
    expect.objectContaining({
      summary: "nothing is not a Citus table",
      remedy: "give its name with the schema, as `npx pg-dist tables production` shows it",
    }) as Error,
  );
});

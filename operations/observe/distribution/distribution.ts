import { EXIT, Failure } from "../../base/failure";
import { type Part, advise } from "../../base/remedy";
import { type Placement, type Placements, skewOf } from "./placements";

/** What one node has of one table, or of all. */
export interface Share {
  readonly node: string;
  readonly table: string | null;
  readonly shards: number;
  readonly bytes: number;
  readonly unreadable: number;
}

/** Where the shards of all tables, or of one, are. */
export interface Distribution {
  /** Only of one table is each shard shown. */
  readonly single: boolean;
  readonly placements: readonly Placement[];
  readonly holders: readonly string[];
  readonly shares: readonly Share[];
  readonly skew: number | null;
}

/**
 * @param table only its shards
 * @param listing the command that lists the tables, for who gives a name that is none
 * @throws Failure (usage) for no table of Citus
 */
export function distributionOf(all: Placements, table?: string, listing?: Part): Distribution {
  const placements = table === undefined ? withoutCopies(all) : ofTable(all, table, listing);
  const holders = holdersOf(all.asked, [...withoutCopies(all), ...placements]);
  const shares = sharesOf(placements, holders);
  const skew = skewOfShares(shares.filter((share) => share.table === null));
  return { single: table !== undefined, placements, holders, shares, skew };
}

function withoutCopies({ tables, placements }: Placements): Placement[] {
  const moving = new Set(
    tables.filter(({ type }) => type === "distributed" || type === "single shard").map(({ table }) => table),
  );
  return placements.filter(({ table }) => moving.has(table));
}

function ofTable(
  { tables, placements }: Placements,
  name: string,
  listing: Part = "the command tables",
): Placement[] {
  const known = tables.find(({ table }) => table === name || table === `public.${name}`);
  if (known === undefined) {
    throw new Failure(
      `${name} is not a Citus table`,
      advise`give its name with the schema, as ${listing} shows it`,
      {
        exitCode: EXIT.usage,
      },
    );
  }
  return placements.filter(({ table }) => table === known.table);
}

/**
 * The workers, and the coordinator where it has one of these shards: a node without any shows in what is uneven. Copies
 * of reference tables, which the coordinator has too, make it none that others are compared with.
 */
function holdersOf(asked: Placements["asked"], shards: readonly Placement[]): string[] {
  const used = new Set(shards.map(({ node }) => node));
  return asked.filter(({ role, label }) => role === "worker" || used.has(label)).map(({ label }) => label);
}

function sharesOf(placements: readonly Placement[], nodes: readonly string[]): Share[] {
  const tables = [...new Set(placements.map(({ table }) => table))];
  return [null, ...tables].flatMap((table) =>
    nodes.map((node): Share => {
      const own = placements.filter((each) => each.node === node && (table === null || each.table === table));
      return {
        node,
        table,
        shards: own.length,
        bytes: own.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
        unreadable: own.filter(({ unreadable }) => unreadable !== null).length,
      };
    }),
  );
}

/** Nodes whose shards can't be read make no comparison. */
export function skewOfShares(shares: readonly Share[]): number | null {
  return shares.some(({ unreadable }) => unreadable > 0) ? null : skewOf(shares.map(({ bytes }) => bytes));
}

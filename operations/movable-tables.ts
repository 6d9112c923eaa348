import type { Session } from "./session";

/** Tables whose shards can't move while they are written to. */
export interface Immovable {
  /** Neither a primary key nor a replica identity: updates could not be replicated. */
  readonly unidentified: readonly string[];
  /** Their changes are in no WAL. */
  readonly unlogged: readonly string[];
}

/** Which of these tables can't be moved online. */
export async function findImmovable(session: Session, tables: readonly string[]): Promise<Immovable> {
  const rows = await session.query<{ name: string; unlogged: boolean }>(
    `SELECT c.oid::regclass::text AS name, c.relpersistence = 'u' AS unlogged FROM pg_class c
      WHERE c.oid = ANY ($1::text[]::regclass[]::oid[]) AND c.relkind = 'r'
        AND (c.relpersistence = 'u' OR CASE c.relreplident
              WHEN 'f' THEN false
              WHEN 'd' THEN NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
              WHEN 'i' THEN NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident)
              ELSE true END)
      ORDER BY 1`,
    [[...tables]],
  );
  return {
    unidentified: rows.filter((row) => !row.unlogged).map(({ name }) => name),
    unlogged: rows.filter((row) => row.unlogged).map(({ name }) => name),
  };
}

/** Whatever moves shards reads it. */
export const BLOCK_WRITES =
  "allow writes to wait while a shard moves: PGDIST_SHARD_TRANSFER_MODE=block_writes";

/** A sentence and its remedy for each kind of table that stands against moving in this mode. */
export function explainImmovable(
  { unidentified, unlogged }: Immovable,
  mode: string,
  blockWrites = BLOCK_WRITES,
): { what: string; remedy: string }[] {
  if (mode === "block_writes") return [];
  const problems: { what: string; remedy: string }[] = [];
  if (unidentified.length > 0 && mode === "auto") {
    problems.push({
      what: `tables without a primary key or replica identity can't be moved online: ${unidentified.join(", ")}`,
      remedy: `add a primary key, or ALTER TABLE ... REPLICA IDENTITY FULL, or ${blockWrites}`,
    });
  }
  if (unlogged.length > 0) {
    problems.push({
      what: `unlogged tables can't be moved online: ${unlogged.join(", ")}`,
      remedy: `ALTER TABLE ... SET LOGGED, or ${blockWrites}`,
    });
  }
  return problems;
}

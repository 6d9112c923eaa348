import type { Session } from "./session";

/** Tables whose shards can't move while they are written to. */
export interface Immovable {
  /** Neither a primary key, other than a deferrable one, nor a replica identity: updates could not be replicated. */
  readonly unidentified: readonly string[];
  /** Their changes are in no WAL. */
  readonly unlogged: readonly string[];
  /** Citus refuses inserts into a shard of theirs while it is replicated: its clients would get errors. */
  readonly columnar: readonly string[];
}

/** Which of these tables can't be moved online. */
export async function findImmovable(session: Session, tables: readonly string[]): Promise<Immovable> {
  const rows = await session.query<{ name: string; unlogged: boolean; columnar: boolean }>(
    `SELECT c.oid::regclass::text AS name, c.relpersistence = 'u' AS unlogged,
            coalesce(a.amname = 'columnar', false) AS columnar
       FROM pg_class c LEFT JOIN pg_am a ON a.oid = c.relam
      WHERE c.oid = ANY ($1::text[]::regclass[]::oid[]) AND c.relkind = 'r'
        AND (c.relpersistence = 'u' OR a.amname = 'columnar' OR CASE c.relreplident
              WHEN 'f' THEN false
              WHEN 'd' THEN NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate)
              WHEN 'i' THEN NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident)
              ELSE true END)
      ORDER BY 1`,
    [[...tables]],
  );
  const namesOf = (kind: (row: (typeof rows)[number]) => boolean) =>
    rows.filter(kind).map(({ name }) => name);
  return {
    unidentified: namesOf(({ unlogged, columnar }) => !unlogged && !columnar),
    unlogged: namesOf(({ unlogged, columnar }) => unlogged && !columnar),
    columnar: namesOf(({ columnar }) => columnar),
  };
}

/** Whatever moves shards reads it. */
export const BLOCK_WRITES =
  "allow writes to wait while a shard moves: PGDIST_SHARD_TRANSFER_MODE=block_writes";

/** A sentence and its remedy for each kind of table that stands against moving in this mode. */
export function explainImmovable(
  { unidentified, unlogged, columnar }: Immovable,
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
  if (columnar.length > 0) {
    problems.push({
      what: `columnar tables can't be moved online, as inserts into them would fail meanwhile: ${columnar.join(", ")}`,
      remedy: blockWrites,
    });
  }
  return problems;
}

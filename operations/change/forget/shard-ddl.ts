import { quoteLiteral } from "../../cluster/nodes/run-on-nodes";
import type { Session } from "../../cluster/connection/session";
import type { LostShard } from "./lost-shards";

/** Everything that makes one shard of a table. */
interface TableDefinition {
  readonly schema: string;
  /** Citus' own statements for the table, without foreign keys. */
  readonly statements: readonly string[];
  /** Of the parent, if it is a partition. */
  readonly attach?: { readonly parent: string; readonly statement: string };
  readonly foreignKeys: readonly { readonly to: string; readonly statement: string }[];
}

interface ShardOf {
  readonly shardid: string;
  readonly schema: string;
}

/**
 * Statements that make lost shards again, empty, on the node that is to have them: in the order and by the functions
 * with which Citus itself makes the shards of a new table.
 */
export class ShardDdl {
  private constructor(
    private readonly tables: ReadonlyMap<string, TableDefinition>,
    private readonly references: ReadonlyMap<string, ShardOf>,
  ) {}

  static async read(session: Session, tables: readonly string[]): Promise<ShardDdl> {
    const definitions = new Map<string, TableDefinition>();
    for (const table of new Set(tables)) definitions.set(table, await readTable(session, table));
    const references = await session.query<ShardOf & { table: string }>(
      `SELECT logicalrelid::text AS table, shardid::text, nspname AS schema
         FROM pg_dist_partition JOIN pg_dist_shard USING (logicalrelid)
         JOIN pg_class c ON c.oid = logicalrelid JOIN pg_namespace n ON n.oid = relnamespace
        WHERE partmethod = 'n' AND repmodel = 't'`,
    );
    return new ShardDdl(definitions, new Map(references.map(({ table, ...shard }) => [table, shard])));
  }

  /** One statement, which is a transaction of its own, for shards of one key. What an earlier try made is made anew. */
  statementFor(group: readonly LostShard[]): string {
    const of = ({ table, shardid }: LostShard): ShardOf => ({
      shardid,
      schema: this.definition(table).schema,
    });
    const drops = group.map(({ name }) => `EXECUTE ${quoteLiteral(`DROP TABLE IF EXISTS ${name} CASCADE`)}`);
    const tables = group.flatMap((shard) =>
      this.definition(shard.table).statements.map(
        (statement) =>
          `PERFORM worker_apply_shard_ddl_command(${shard.shardid}, ${quoteLiteral(of(shard).schema)}, ${quoteLiteral(statement)})`,
      ),
    );
    const partitions = group.flatMap((shard) => {
      const { attach } = this.definition(shard.table);
      const parent = group.find(({ table }) => table === attach?.parent);
      if (attach === undefined || parent === undefined) return [];
      return [between(of(parent), of(shard), attach.statement)];
    });
    const foreignKeys = group.flatMap((shard) =>
      this.definition(shard.table).foreignKeys.flatMap(({ to, statement }) => {
        const colocated = group.find(({ table }) => table === to);
        const target = colocated === undefined ? this.references.get(to) : of(colocated);
        return target === undefined ? [] : [between(of(shard), target, statement)];
      }),
    );
    // As a literal: what a table's default or check says may contain any dollar quote.
    return `DO ${quoteLiteral(`BEGIN
      PERFORM set_config('citus.enable_manual_changes_to_shards', 'on', true);
      PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
      PERFORM set_config('client_min_messages', 'error', true);
      ${[...drops, ...tables, ...partitions, ...foreignKeys].join(";\n      ")};
    END`)}`;
  }

  private definition(table: string): TableDefinition {
    const definition = this.tables.get(table);
    if (definition === undefined) throw new Error(`no definition of ${table} was read`);
    return definition;
  }
}

function between(left: ShardOf, right: ShardOf, statement: string): string {
  return (
    `PERFORM worker_apply_inter_shard_ddl_command(${left.shardid}, ${quoteLiteral(left.schema)}, ${right.shardid}, ` +
    `${quoteLiteral(right.schema)}, ${quoteLiteral(statement)})`
  );
}

async function readTable(session: Session, table: string): Promise<TableDefinition> {
  const [relation] = await session.query<{ schema: string; parent: string | null; bound: string | null }>(
    `SELECT n.nspname AS schema, i.inhparent::regclass::text AS parent, pg_get_expr(c.relpartbound, c.oid) AS bound
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
      WHERE c.oid = $1::regclass`,
    [table],
  );
  const ddl = await session.query<{ statement: string }>(
    "SELECT master_get_table_ddl_events($1::text) AS statement",
    [table],
  );
  // Shards have no sequences of their own: values are drawn before a row is sent to its shard.
  const drawn = await session.query<{ statement: string }>(
    `SELECT format('ALTER TABLE %s ALTER COLUMN %I DROP %s', a.attrelid::regclass, a.attname,
                   CASE WHEN a.attidentity = '' THEN 'DEFAULT' ELSE 'IDENTITY' END) AS statement
       FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%')`,
    [table],
  );
  const foreignKeys = await session.query<{ to: string; statement: string }>(
    `SELECT confrelid::regclass::text AS to,
            format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS statement
       FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'f' AND conparentid = 0`,
    [table],
  );
  const parent = relation?.parent ?? undefined;
  return {
    schema: relation?.schema ?? "public",
    statements: [...ddl, ...drawn].map(({ statement }) => statement),
    ...(parent === undefined
      ? {}
      : {
          attach: {
            parent,
            statement: `ALTER TABLE ${parent} ATTACH PARTITION ${table} ${relation?.bound ?? "DEFAULT"}`,
          },
        }),
    foreignKeys,
  };
}

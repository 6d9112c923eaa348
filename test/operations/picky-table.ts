import type { CitusContainers } from "./citus-containers";

/**
 * Makes a table that a move can't follow: with a rule of people who thought of no replication, as it holds where changes are
 * applied as well. Then writes to it without end, until `stopWriting`.
 */
export async function writePickyTable(citus: CitusContainers): Promise<{ stopWriting(): Promise<void> }> {
  await citus.sql(
    "coordinator",
    `CREATE FUNCTION public.by_hand() RETURNS bool LANGUAGE sql STABLE AS
       $$ SELECT current_setting('session_replication_role') <> 'replica' $$;
     CREATE TABLE picky (id bigint PRIMARY KEY, note text CHECK (public.by_hand()))`,
  );
  await citus.sql(
    "coordinator",
    "SELECT create_distributed_table('picky', 'id', shard_count => 3, colocate_with => 'none')",
  );
  const writing = citus
    .sql(
      "coordinator",
      "DO $$ BEGIN FOR i IN 1..10000000 LOOP INSERT INTO picky VALUES (i, ''); COMMIT; END LOOP; END $$",
    )
    .catch(() => undefined);
  const stopWriting = async () => {
    await citus.sql(
      "coordinator",
      "SELECT pg_cancel_backend(pid::int) FROM pg_stat_activity WHERE query LIKE 'DO %'",
    );
    await writing;
  };
  return { stopWriting };
}

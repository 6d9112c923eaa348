/** The nodes as they were registered; see `RecordedNode`. Columns are added by later migrations. */
export const node = [
  `CREATE TABLE IF NOT EXISTS pgdist.node (
     id text PRIMARY KEY,
     nodeid int NOT NULL,
     groupid int NOT NULL,
     host text NOT NULL,
     port int NOT NULL,
     server_id text NOT NULL,
     image text NOT NULL,
     settings jsonb NOT NULL,
     cpus double precision,
     leaving timestamptz,
     recorded_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (nodeid))`,
  "COMMENT ON TABLE pgdist.node IS 'Nodes of this cluster as pg-dist registered them'",
] as const;

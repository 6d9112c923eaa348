import { local } from "../environments/local";
import { callerOf } from "../operations/base/caller/caller";
import { type Cluster, POSTGRES_PORT } from "../model/cluster";
import { render } from "../operations/base/remedy";
import { connect } from "../operations/cluster/connection/connect";
import { PASSWORD_FILE, type Password } from "./password";
import { formatTable } from "./table";

/** A node as Citus sees it. */
interface NodeRow {
  readonly node: string;
  readonly role: string;
  readonly active: string;
  readonly shards: string;
}

const NODES = `
  SELECT n.nodename || ':' || n.nodeport AS node,
         CASE n.groupid WHEN 0 THEN 'coordinator' ELSE 'worker' END AS role,
         CASE WHEN n.isactive THEN 'yes' ELSE 'no' END AS active,
         (SELECT count(*)::text FROM pg_dist_placement p JOIN pg_dist_shard s USING (shardid)
            JOIN pg_dist_partition t USING (logicalrelid)
           WHERE p.groupid = n.groupid AND NOT (t.partmethod = 'n' AND t.repmodel = 't')) AS shards
    FROM pg_dist_node n ORDER BY n.groupid`;

const HEALTH = `SELECT count(*)::int AS pairs, count(*) FILTER (WHERE result)::int AS healthy
                  FROM citus_check_cluster_node_health()`;

/** What quickstart decided, as it was free on this machine. */
export interface Choices {
  readonly cluster: Cluster;
  readonly port: number;
  readonly standIns: { readonly image: boolean; readonly providers: boolean };
}

export interface SummaryOptions extends Choices {
  readonly password: Password;
}

/** The node table from the coordinator, how to connect, and what to try. */
export async function describeResult(options: SummaryOptions, say: (line: string) => void): Promise<string> {
  const { cluster, standIns } = options;
  const session = await connect(cluster, {
    command: "quickstart",
    progress: (line) => say(render(line, "person")),
    caller: callerOf({ ...process.env, TF_VAR_postgres_password: options.password.value }),
  });
  try {
    const nodes = await session.query<NodeRow>(NODES);
    const [health] = await session.query<{ pairs: number; healthy: number }>(HEALTH);
    return [
      "",
      formatTable(nodes),
      `${health?.healthy ?? 0} of ${health?.pairs ?? 0} connections between the nodes are healthy.`,
      ...(standIns.image ? ["The nodes run a STAND-IN of Citus: for a look at the tool, not at Citus."] : []),
      ...(standIns.providers
        ? [
            "The providers are STAND-INS that run only while quickstart does: `cdktf diff local` by hand needs real ones.",
          ]
        : []),
      "",
      ...connecting(options),
      "",
      ...thingsToTry(options),
    ].join("\n");
  } finally {
    await session.end();
  }
}

function connecting(options: SummaryOptions): string[] {
  const { cluster, port, password } = options;
  const { user, database } = cluster;
  const url = `postgres://${encodeURIComponent(user)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  const fromFile = password.from === PASSWORD_FILE;
  const value = fromFile ? `$(cat ${PASSWORD_FILE})` : `$${password.from}`;
  const exports = [...(fromFile ? [`TF_VAR_postgres_password=${value}`] : []), ...choices(options)];
  return [
    `Connection string: ${url}`,
    `Password: in ${password.from}. With a psql of your own: PGPASSWORD=${value} psql ${url}`,
    ...(exports.length === 0 ? [] : [`For npx cdktf by hand: export ${exports.join(" ")}`]),
  ];
}

/** What quickstart chose that environments/local.ts reads from these variables. */
function choices({ cluster, port, standIns }: Choices): string[] {
  return [
    ...(port === POSTGRES_PORT ? [] : [`PGDIST_LOCAL_PORT=${port}`]),
    ...(standIns.image ? cluster.nodes.slice(0, 1).map(({ image }) => `PGDIST_LOCAL_IMAGE=${image}`) : []),
  ];
}

/** Commands that work by copy and paste (hence at the margin: a here-document ends there), and also twice. */
export function thingsToTry(options: Choices): string[] {
  const pgDist = [...choices(options), "npx pg-dist"].join(" ");
  return [
    "--- 1. Look around, and open a psql:",
    `${pgDist} status local`,
    `${pgDist} psql local`,
    "",
    "--- 2. Distribute a table, fill it, and see where its shards are:",
    `${pgDist} psql local <<'SQL'`,
    "DROP TABLE IF EXISTS visits;",
    "CREATE TABLE visits (id bigint PRIMARY KEY, at timestamptz DEFAULT now());",
    "SELECT create_distributed_table('visits', 'id', shard_count => 12);",
    "INSERT INTO visits SELECT generate_series(1, 10000);",
    "SQL",
    `${pgDist} shards local`,
    "",
    ...anotherWorker(pgDist),
    "",
    "--- Is it healthy?",
    `${pgDist} health local`,
    "",
    "--- Remove it again:",
    "npm run quickstart -- --destroy",
  ];
}

function anotherWorker(pgDist: string): string[] {
  const [entry] = Object.entries(local.workers ?? {});
  if (entry === undefined || typeof entry[1] !== "number") {
    return ["--- 3. Add a worker: name it in environments/local.ts (workers), then", "npm run quickstart"];
  }
  const [host, count] = entry;
  return [
    `--- 3. Add worker ${count + 1}, and move shards to it:`,
    `perl -pi -e 's/workers: \\{ ${host}: ${count} \\}/workers: { ${host}: ${count + 1} }/' environments/local.ts`,
    "npm run quickstart",
    `${pgDist} rebalance local start --yes`,
  ];
}

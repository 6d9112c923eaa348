import { openTarget } from "../../operations/cli/target";
import { callerOf } from "../../operations/base/caller/caller";
import type { Target } from "../../operations/cluster/connection/target";
import { statusScreen } from "../../operations/commands/status/screen";
import { runOnNodes } from "../../operations/cluster/nodes/run-on-nodes";
import { judge } from "../../operations/observe/status/judge";
import { NODE_STATE } from "../../operations/cluster/nodes/node-state";
import { takeSnapshot } from "../../operations/observe/status/snapshot";
import { coordinatorOf } from "../../operations/cluster/cluster-file";
import { chooseTransports } from "../../operations/cluster/connection/transports/choose-transports";
import type { Transport } from "../../operations/cluster/connection/transports/transport";
import type { Endpoint } from "../../model/cluster";
import { CitusContainers, docker, missingImage, IMAGE } from "../fixtures/citus-on-docker";
import { DelayedPorts } from "./delayed-ports";
import { median, range, seconds } from "./measure";

const NODES = 40;
const SERVERS = ["w1", "w2", "w3"];
const RUNS = 3;

/** One way to a node, in milliseconds: what counts then is the waiting, and not the cores of this one machine. */
const DELAY_MS = 100;

/** The aim where the coordinator is reached directly: `status` takes at most so many times the slowest single query. */
const AIM = 1.5;

/**
 * `status` of 40 nodes by the slowest of the queries that it makes, each made by itself through the coordinator. The 39
 * workers are registered addresses of three real servers; what `status` then says of them doesn't matter.
 */
export async function benchStatus(): Promise<void> {
  const missing = missingImage(IMAGE);
  if (missing !== undefined) return console.log(`  skipped: ${missing}`);
  const citus = new CitusContainers();
  const ports = new DelayedPorts(DELAY_MS);
  try {
    await citus.create();
    await Promise.all(["coordinator", ...SERVERS].map((name) => citus.start(name)));
    const cluster = await citus.cluster([]);
    if ((await citus.register(cluster)).code !== 0)
      throw new Error("The coordinator could not be registered.");
    const endpoints = await registerWorkers(citus, ports);
    for (const transport of ["direct", "exec"] as const) {
      const ratio = await measure(
        transport,
        {
          label: "bench",
          cluster,
          user: cluster.user,
          database: cluster.database,
          coordinator: coordinatorOf(cluster).endpoint,
          transports: chooseTransports(cluster, callerOf({ PGDIST_VIA: transport })),
          timeoutMs: 60_000,
          caller: callerOf({ PGPASSWORD: citus.password }),
        },
        endpoints,
      );
      if (transport === "direct" && ratio > AIM) {
        console.log(`  MISSED: ${ratio.toFixed(2)} is more than ${AIM}`);
        process.exitCode = 1;
      }
    }
  } finally {
    ports.close();
    await citus.destroy();
  }
}

/** @returns `status` by the slowest single query, both by this transport */
async function measure(
  transport: Transport["name"],
  target: Target,
  endpoints: readonly Endpoint[],
): Promise<number> {
  const single = await slowestQuery(target, endpoints);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) times.push(await seconds(() => status(target)));
  const ratio = median(times) / single;
  // A tunnel has three sessions, and Citus connects to the nodes of one statement one after the other.
  const aim = transport === "direct" ? `aim: ${AIM} at most` : "three sessions: no aim";
  console.log(
    `  ${transport}: slowest single query, of a node ${2 * DELAY_MS} ms away: ${single.toFixed(2)} s`,
  );
  console.log(
    `  ${transport}: status of ${NODES} nodes: ${range(times, 2)} s, ${ratio.toFixed(2)} of that (${aim})`,
  );
  return ratio;
}

/** Only in the coordinator's catalog: three servers can't really be 39 workers. */
async function registerWorkers(citus: CitusContainers, ports: DelayedPorts): Promise<Endpoint[]> {
  const gateway = await docker(
    ...["network", "inspect", citus.prefix, "--format", "{{(index .IPAM.Config 0).Gateway}}"],
  );
  const addresses = await Promise.all(
    SERVERS.map((name) =>
      docker(
        "inspect",
        citus.container(name),
        "--format",
        "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
      ),
    ),
  );
  const endpoints: Endpoint[] = [];
  for (let node = 1; node < NODES; node++) {
    const host = addresses[node % addresses.length] ?? "";
    endpoints.push({ host: gateway, port: await ports.open(gateway, { host, port: 5432 }) });
  }
  const rows = endpoints.map(
    ({ host, port }, index) => `(${index + 100}, ${index + 100}, '${host}', ${port}, false)`,
  );
  await citus.sql(
    "coordinator",
    `INSERT INTO pg_dist_node (nodeid, groupid, nodename, nodeport, isactive) VALUES ${rows.join(", ")}`,
  );
  return endpoints;
}

/** Each in a session of its own, as `status` of one node would make it. */
async function slowestQuery(target: Target, endpoints: readonly Endpoint[]): Promise<number> {
  const times: number[] = [];
  for (const endpoint of endpoints) {
    times.push(
      await seconds(async () => {
        const { session } = await openTarget(target, "bench", "read");
        const [answer] = await runOnNodes(session, [endpoint], [NODE_STATE]);
        if (answer === undefined || !("value" in answer))
          throw new Error(`No answer: ${JSON.stringify(answer)}`);
        await session.end();
      }),
    );
  }
  return Math.max(...times);
}

async function status(target: Target): Promise<void> {
  const connected = await openTarget(target, "bench", "read");
  const snapshot = await takeSnapshot(connected);
  const silent = snapshot.nodes.filter(({ state }) => state === undefined);
  if (silent.length > 0) throw new Error(`${silent.length} nodes did not answer: ${silent[0]?.failed?.what}`);
  statusScreen(snapshot, judge(snapshot), (_colour, text) => text, Infinity);
  await connected.session.end();
}

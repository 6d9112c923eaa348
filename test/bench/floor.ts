import { spawn } from "node:child_process";
import { get } from "node:http";
import type { Cluster, ClusterNode } from "../../model/cluster";
import type { Testbed } from "../../testbed/testbed";

/**
 * The same containers without Terraform: `docker run` for all nodes in parallel over the same ssh connections, waited
 * for until they are healthy, and added by one psql session. No checks, no credentials for later, nothing recorded.
 */
export async function startFloor(bed: Testbed, cluster: Cluster, password: string): Promise<void> {
  const docker = dockerOver(bed);
  await Promise.all(cluster.hosts.map(({ id }) => docker(id, "network", "create", cluster.name)));
  await Promise.all(
    cluster.nodes.map(async (node) => {
      // Before it starts, so that no event is missed.
      const events = await healthEvents(bed, node);
      await docker(node.host, ...runArguments(cluster, node, password));
      await events.healthy;
    }),
  );
  const [coordinator, ...workers] = cluster.nodes;
  if (coordinator === undefined) throw new Error("The cluster has no coordinator.");
  const { host, port } = coordinator.endpoint;
  const sql = [
    `SELECT citus_set_coordinator_host('${host}', ${port})`,
    ...workers.map(({ endpoint }) => `SELECT citus_add_node('${endpoint.host}', ${endpoint.port})`),
  ];
  const psql = [
    "exec",
    "-e",
    `PGPASSWORD=${password}`,
    coordinator.container,
    "psql",
    "-U",
    "postgres",
    "-v",
    "ON_ERROR_STOP=1",
  ];
  await docker(coordinator.host, ...psql, ...sql.flatMap((statement) => ["-c", statement]));
}

export async function removeFloor(bed: Testbed, cluster: Cluster): Promise<void> {
  const docker = dockerOver(bed);
  await Promise.all(
    cluster.nodes.map(({ host, container }) => docker(host, "rm", "--force", "--volumes", container)),
  );
  await Promise.all(cluster.nodes.map(({ host, container }) => docker(host, "volume", "rm", container)));
  await Promise.all(cluster.hosts.map(({ id }) => docker(id, "network", "rm", cluster.name)));
}

/**
 * Waits for the engine's own word that a container is healthy. Looking again and again would cost the containers time on
 * two cores, and so be the floor's own cost.
 */
function healthEvents(bed: Testbed, { host, container }: ClusterNode): Promise<{ healthy: Promise<void> }> {
  const filters = JSON.stringify({ container: [container], event: ["health_status: healthy"] });
  const path = `/events?filters=${encodeURIComponent(filters)}`;
  return new Promise((resolve, reject) => {
    const request = get({ socketPath: bed.hosts[host]?.socket, path }, (response) => {
      const healthy = new Promise<void>((resolve, reject) => {
        response.once("data", () => {
          resolve();
          request.destroy();
        });
        response.once("error", reject);
        response.once("end", () => reject(new Error(`The engine of ${host} ended its events.`)));
      });
      resolve({ healthy });
    });
    request.once("error", reject);
  });
}

function runArguments(cluster: Cluster, node: ClusterNode, password: string): string[] {
  const settings = Object.entries(node.settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return [
    ...[
      "run",
      "--detach",
      "--name",
      node.container,
      "--network",
      cluster.name,
      "--restart",
      "unless-stopped",
    ],
    ...["--publish", `${node.published?.ip}:${node.published?.port}:5432`],
    ...["--volume", `${node.container}:/var/lib/postgresql`],
    ...["--env", `PGDATA=/var/lib/postgresql/${node.postgresMajor}/docker`],
    ...["--env", `POSTGRES_PASSWORD=${password}`, "--env", "POSTGRES_INITDB_ARGS=--data-checksums"],
    ...["--shm-size", "1024m", "--health-interval", "1.5s", "--health-start-period", "60s"],
    ...[
      "--health-cmd",
      `psql -h 127.0.0.1 -U postgres -qAtc "SELECT 1/count(*) FROM pg_extension WHERE extname = 'citus'"`,
    ],
    ...[node.image, "postgres", ...settings],
  ];
}

function dockerOver(bed: Testbed) {
  return (host: string, ...args: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = spawn("docker", ["--host", bed.hosts[host]?.connection ?? "", ...args], {
        env: { ...process.env, ...bed.sshEnvironment },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      let errors = "";
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
      child.on("error", reject);
      child.on("close", (code) =>
        code === 0 ? resolve(output.trim()) : reject(new Error(`docker ${args[0]} on ${host}: ${errors}`)),
      );
    });
}

import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { describeCluster } from "../../model/cluster";
import type { Environment } from "../../model/environment";
import { coordinatorOf } from "../../operations/cluster/cluster-file";
import { examine } from "../../operations/observe/doctor/examine";
import type { Finding } from "../../operations/observe/doctor/finding";
import { takeSnapshot } from "../../operations/observe/doctor/take-snapshot";
import { chooseWays } from "../../operations/cluster/connection/transports/choose-ways";

/**
 * What the doctor says of an environment, as `pg-dist doctor` has it but without a process of its own.
 *
 * @param timeoutMs long, as many tests may share the machine
 */
export async function examineEnvironment(
  environment: Environment,
  password: string,
  timeoutMs = 60_000,
): Promise<Finding[]> {
  const cluster = describeCluster(environment);
  const env = { ...process.env, TF_VAR_postgres_password: password };
  const target = {
    label: environment.name,
    environment,
    cluster,
    user: cluster.user,
    database: cluster.database,
    coordinator: coordinatorOf(cluster).endpoint,
    ways: chooseWays(cluster, env),
    timeoutMs,
    env,
  };
  return examine(await takeSnapshot(target, password));
}

/**
 * What is wrong, a line each: `failed container local/worker1: ...`. A node that only just started is not.
 *
 * @param usual what was wrong before, e.g. a nearly full disk of a test machine; its figures may have changed since
 */
export function problemsOf(findings: readonly Finding[], usual: readonly Finding[] = []): string[] {
  return findings
    .filter(({ outcome }) => outcome === "failed" || outcome === "warning")
    .filter(({ check, seen }) => !(check === "health" && seen.startsWith("starting")))
    .filter(
      ({ outcome, check, where }) =>
        !usual.some((each) => each.outcome === outcome && each.check === check && each.where === where),
    )
    .map(({ outcome, check, where, seen }) => `${outcome} ${check} ${where}: ${seen}`);
}

/** A program that listens on a port of loopback, and is not PostgreSQL. */
export async function listenSomewhere(): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

import { formatEndpoint } from "../../model/cluster";
import type { FaultCluster } from "./cluster";
import { type Fault, type Injected, type Strike, at, randomMoment } from "./fault";
import { HOSTS } from "./topology";

/** The container of a worker, of those that stay or leave. */
export const workerKilled: Fault = {
  kind: "worker's container killed",
  weight: 14,
  async inject(strike) {
    const { cluster, random } = strike;
    const choice = random.next();
    const crash = random.next() < 0.5;
    if (!(await randomMoment(strike))) return undefined;
    const running = await runningWorkers(cluster);
    const victim = running[Math.floor(choice * running.length)];
    return victim === undefined ? undefined : killContainer(strike, victim.host, victim.name, crash);
  },
};

export const coordinatorKilled: Fault = {
  kind: "coordinator's container killed",
  weight: 9,
  async inject(strike) {
    const crash = strike.random.next() < 0.5;
    if (!(await randomMoment(strike))) return undefined;
    if (!(await healthyOn(strike.cluster, HOSTS[0])).includes("citus-coordinator")) return undefined;
    return killContainer(strike, HOSTS[0], "citus-coordinator", crash);
  },
};

/**
 * Not those that are just being created: the provider waits ten minutes for one that was killed then. What a first start
 * that was cut off leaves, the tests of `recover` have.
 */
async function healthyOn(cluster: FaultCluster, host: string): Promise<string[]> {
  const names = await cluster.host(host).docker("ps", "--filter", "health=healthy", "--format", "{{.Names}}");
  return names.split("\n").filter(Boolean);
}

async function runningWorkers(cluster: FaultCluster): Promise<{ host: string; name: string }[]> {
  const lists = await Promise.all(
    HOSTS.map(async (host) => {
      const names = await healthyOn(cluster, host);
      return names.filter((name) => /worker/.test(name)).map((name) => ({ host, name }));
    }),
  );
  return lists.flat().sort((a, b) => `${a.host}/${a.name}`.localeCompare(`${b.host}/${b.name}`));
}

/**
 * @param crash whether its first process is killed, as the kernel does when memory is short: the engine then starts it
 *   again by its policy. `docker kill` is an operator's: the container stays down
 */
async function killContainer(
  strike: Strike,
  host: string,
  name: string,
  crash: boolean,
): Promise<Injected | undefined> {
  const { cluster, apply } = strike;
  if (!apply.isRunning) return undefined;
  const what = `${host} ${name} ${at(strike)}, ${crash ? "as by the kernel" : "by docker kill"}`;
  try {
    if (crash) {
      const pid = await cluster.host(host).docker("inspect", "--format", "{{.State.Pid}}", name);
      if (Number(pid) === 0) return undefined;
      await cluster.host(host).exec("kill", "-9", pid);
    } else await cluster.host(host).docker("kill", name);
  } catch {
    return undefined; // it was being replaced at that moment
  }
  return { what };
}

/**
 * A registration that fails because one worker doesn't reach another, so that Terraform taints it, and after that a
 * worker is dropped: its shards must still be moved away.
 */
export const registrationTainted: Fault = {
  kind: "registration fails, then a worker goes",
  weight: 6,
  changes: ["add", "setting", "port"],
  async inject(strike) {
    const { cluster, apply, random } = strike;
    const workers = Object.entries(cluster.topology.workers).map(([id, { port }]) => ({
      host: id.split("/")[0] ?? "",
      port,
    }));
    const to = random.pick(workers);
    const from = random.pick(workers.filter(({ host }) => host !== to.host));
    await cluster.bed.blockTcp(from.host, to.host, to.port);
    const undo = () => cluster.bed.unblock(from.host, to.host, to.port);
    const registers = await apply.until(() => apply.program?.args.includes("register") === true);
    if (!registers) {
      await apply.ended;
      await undo();
      return undefined;
    }
    return {
      what: `${from.host} did not reach ${formatEndpoint({ host: to.host, port: to.port })}`,
      check: async ({ exitCode }) => (exitCode === 0 ? ["the registration ended well"] : []),
      undo,
    };
  },
};

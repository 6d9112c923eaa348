import { setTimeout as sleep } from "node:timers/promises";
import { callerOf } from "../../operations/base/caller/caller";
import type { Environment } from "../../model/environment";
import { findNode } from "../../operations/cli/find-node";
import { prepareWorker } from "../../operations/change/registration/add-worker";
import { planRecovery } from "../../operations/change/recover/recover";
import { Deployment } from "../e2e/deployment";
import { hostOptions } from "../e2e/production-hosts";
import type { Parts } from "../../testbed/parts";
import type { TestHost } from "../../testbed/test-host";
import { Testbed } from "../../testbed/testbed";
import { Apply, type Outcome } from "./apply";
import { Inhabitants } from "./furnish";
import { type Running, kill, processesIn } from "./processes";
import { HOSTS, RECEIVER, SMALL_DISK, type Topology, environmentOf, firstTopology } from "./topology";
import { FaultWriters } from "./writers";
import { render } from "../../operations/base/remedy";

/** As in DEFAULT_SSH_OPTIONS, only sooner: a cut of 20 s is outlived, a longer one noticed. */
const KEEPALIVE = ["-o", "ServerAliveInterval=8", "-o", "ServerAliveCountMax=3"];

const TABLES = [
  "CREATE TABLE item (id bigint PRIMARY KEY, note text DEFAULT repeat('x', 100))",
  "CREATE TABLE line (item bigint PRIMARY KEY, note text DEFAULT repeat('y', 100))",
  "CREATE TABLE event (id bigint PRIMARY KEY, at timestamptz DEFAULT now())",
  "CREATE TABLE country (code text PRIMARY KEY)",
  "SELECT create_distributed_table('item', 'id', shard_count => 6)",
  "SELECT create_distributed_table('line', 'item', colocate_with => 'item')",
  "SELECT create_distributed_table('event', 'id', shard_count => 4, colocate_with => 'none')",
  "SELECT create_reference_table('country')",
  "INSERT INTO country VALUES ('de'), ('fr'), ('at')",
];

/** Longest time that an apply may take, whatever happens meanwhile: the provider waits 600 s for a node. In seconds. */
const APPLY_LIMIT = 660;

/** The cluster that the faults hit: several Docker hosts, Terraform, tables and writers. */
export class FaultCluster {
  topology: Topology = firstTopology();
  /** Of the last calls of Terraform, for a report of what went wrong. */
  readonly history: string[] = [];
  /** That the environment names, once they are there. */
  private roles: readonly string[] = [];
  private readonly orphans: Running[] = [];
  /** Every worker as it was last declared. */
  private known = firstTopology().workers;
  /** What was declared lately, the newest last. */
  private readonly declared: Topology[] = [firstTopology()];

  private constructor(
    readonly bed: Testbed,
    private readonly parts: Parts,
    private readonly deployment: Deployment,
    readonly inhabitants: Inhabitants,
    readonly writers: () => FaultWriters,
  ) {}

  static async start(parts: Parts, log: (line: string) => void): Promise<FaultCluster> {
    const bed = await Testbed.start({ hosts: HOSTS, parts, log });
    const receiver = bed.hosts["server-c"] as TestHost;
    await makeSmallDisk(receiver);
    const inhabitants = new Inhabitants({ coordinator: bed.hosts[HOSTS[0]] as TestHost, receiver });
    const environment = environmentOf(firstTopology(), hostsOf(bed));
    const env = { ...parts.env, TF_VAR_role_passwords: inhabitants.rolePasswords };
    const deployment = new Deployment(environment, env, parts.terraform.path);
    let writers: FaultWriters | undefined;
    const cluster = new FaultCluster(bed, parts, deployment, inhabitants, () => writers as FaultWriters);
    try {
      log("deploying");
      await deployment.applied();
      const session = await deployment.session();
      try {
        await session.query("SET search_path = public");
        for (const statement of TABLES) await session.query(statement);
        log("furnishing it as people do");
        await inhabitants.moveIn(session, cluster.homes, deployment.password);
      } finally {
        await session.end();
      }
      cluster.roles = inhabitants.roles;
      cluster.change(firstTopology());
      await deployment.applied();
      writers = new FaultWriters({
        ...cluster.clients,
        password: deployment.password,
        count: 3,
        pause: 40,
      });
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Where the nodes are registered that the second database is on. */
  private get homes() {
    const endpoint = (id: string) => {
      const found = this.deployment.cluster.nodes.find((node) => node.id === id)?.endpoint;
      if (found === undefined) throw new Error(`There is no node ${id}.`);
      return found;
    };
    return { coordinator: endpoint(`${HOSTS[0]}/coordinator`), receiver: endpoint(RECEIVER) };
  }

  /** Where an application connects. */
  get clients() {
    return { host: this.host(HOSTS[0]).address, port: 5432 };
  }

  host(id: string): TestHost {
    const host = this.bed.hosts[id];
    if (host === undefined) throw new Error(`There is no host ${id}.`);
    return host;
  }

  /** What the environment says from now on. */
  change(topology: Topology): void {
    this.topology = topology;
    this.known = { ...this.known, ...topology.workers };
    this.declared.push(topology);
    if (this.declared.length > 8) this.declared.shift();
    this.deployment.synth(environmentOf(topology, hostsOf(this.bed), this.roles));
  }

  apply(...args: string[]): Apply {
    return new Apply(this.deployment.start(["apply", "-auto-approve", ...args]));
  }

  /** Waits for the end of an apply, and keeps its output. @throws where it hangs */
  async finish(apply: Apply, title: string): Promise<Outcome> {
    const late = sleep(APPLY_LIMIT * 1000, undefined, { ref: false });
    const outcome = await Promise.race([apply.ended, late]);
    if (outcome === undefined) {
      apply.kill();
      throw new Error(`An apply hangs since ${APPLY_LIMIT} s (${title}):\n${apply.output}`);
    }
    this.remember(title, outcome);
    return outcome;
  }

  async plan(): Promise<Outcome> {
    const started = performance.now();
    const { exitCode, output } = await this.deployment.run("plan", "-detailed-exitcode");
    const outcome = { exitCode, output, seconds: (performance.now() - started) / 1000 };
    this.remember("plan", outcome);
    return outcome;
  }

  /**
   * `pg-dist recover --yes`. What was begun with an earlier configuration can only be adopted with that: then the
   * configuration is made what it was, as the error says, and changed again afterwards.
   */
  async recover(): Promise<void> {
    const wanted = this.topology;
    const earlier = [...this.declared].reverse().slice(1);
    for (;;) {
      try {
        await this.recoverOnce();
        break;
      } catch (error) {
        const before = earlier.shift();
        if (!/make the configuration match what runs there/.test(String(error)) || before === undefined)
          throw error;
        this.change(before);
      }
    }
    if (this.topology !== wanted) this.change(wanted);
  }

  private async recoverOnce(): Promise<void> {
    const lines: string[] = [];
    const recovery = await planRecovery({
      folder: this.deployment.stackFolder,
      removeVolumes: [],
      progress: (line) => lines.push(render(line, "person")),
      caller: callerOf({
        ...process.env,
        ...this.parts.env,
        TERRAFORM_BINARY_NAME: this.parts.terraform.path,
        TF_VAR_postgres_password: this.deployment.password,
      }),
    });
    try {
      await recovery.carryOut();
      lines.push(
        ...recovery.actions.map(({ action, host, name, reason }) => `${action} ${host} ${name}: ${reason}`),
      );
    } finally {
      this.history.push(`--- recover\n${lines.join("\n")}`);
      await recovery.close();
    }
  }

  /** Starts what stands still, as an operator does. @returns how many */
  async startStopped(): Promise<number> {
    let count = 0;
    for (const host of Object.values(this.bed.hosts)) {
      const list = await host.docker("ps", "--all", "--filter", "status=exited", "--format", "{{.Names}}");
      for (const name of list.split("\n").filter(Boolean)) {
        await host.docker("start", name);
        count += 1;
      }
    }
    return count;
  }

  /** As `pg-dist add --wipe`; the next apply registers it. */
  async wipe(id: string): Promise<void> {
    const { cluster, password } = this.deployment;
    const node = findNode(cluster, id);
    const lines: string[] = [];
    const session = await this.session(`add ${id}`);
    try {
      await prepareWorker(session, {
        ...{ cluster, node, password, env: process.env },
        progress: (line) => lines.push(render(line, "person")),
        wipe: (holdings) => {
          lines.push(`${id} holds ${holdings}`);
          return Promise.resolve(true);
        },
      });
    } finally {
      this.history.push(`--- wipe ${id}\n${lines.join("\n")}`);
      await session.end();
    }
  }

  /** Puts workers back into the environment, applies, and takes them out again. */
  async putBack(ids: readonly string[]): Promise<void> {
    const wanted = this.topology;
    const back = Object.fromEntries(Object.entries(this.known).filter(([id]) => ids.includes(id)));
    this.change({ ...wanted, workers: { ...wanted.workers, ...back } });
    await this.finish(this.apply(), `apply with ${ids.join(", ")} put back`);
    this.change(wanted);
  }

  session(command = "faults") {
    return this.deployment.session(command);
  }

  /** Providers that a killed Terraform left: they are ended once nothing can depend on them any more. */
  leave(orphans: readonly Running[]): void {
    this.orphans.push(...orphans);
  }

  endOrphans(): void {
    for (const orphan of this.orphans.splice(0)) kill(orphan);
  }

  private remember(title: string, { exitCode, output, seconds }: Outcome): void {
    this.history.push(`--- ${title}: exit code ${exitCode} after ${seconds.toFixed(1)} s\n${output.trim()}`);
    if (this.history.length > 12) this.history.shift();
  }

  async stop(): Promise<void> {
    this.endOrphans();
    await this.writers()?.stop();
    this.abandon();
    await this.bed.stop();
  }

  /** Ends what works for this cluster on this machine, at once: also in an exit handler. */
  abandon(): void {
    for (const running of processesIn(this.deployment.folder)) kill(running);
    this.deployment.remove();
  }
}

function hostsOf(bed: Testbed): Environment["hosts"] {
  return Object.fromEntries(
    HOSTS.map((id) => {
      const options = { ...hostOptions(bed, id), sshOptions: [...bed.sshOptions, ...KEEPALIVE] };
      return [id, id === "server-c" ? { ...options, dataPath: SMALL_DISK } : options];
    }),
  );
}

/** A file system of its own in the host's mount namespace, with which it goes. */
async function makeSmallDisk(host: TestHost): Promise<void> {
  const volumes = ["citus-worker1", "citus-worker1-archive"].map((name) => `${SMALL_DISK}/${name}`);
  const script = [
    "truncate -s 600M /srv/disk.img",
    "mkfs.ext4 -q -m 0 /srv/disk.img",
    `mkdir -p ${SMALL_DISK}`,
    `mount -o loop /srv/disk.img ${SMALL_DISK}`,
    `mkdir -p ${volumes.join(" ")}`,
  ];
  await host.exec("sh", "-ec", script.join("\n"));
}

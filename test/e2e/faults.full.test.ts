import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import { findParts, type Parts } from "../../testbed/parts";
import { ROOT_NAMESPACE, Testbed } from "../../testbed/testbed";
import { type Container, containersOf } from "./containers";
import { Deployment } from "./deployment";
import { hostOptions } from "./production-hosts";

/**
 * What goes wrong at an apply. Every case starts from a coordinator with one worker; a second worker is to join from a
 * third server. Each must end with one clear error, leave the other nodes as they were, and converge after the repair.
 */
describe("faults at an apply", () => {
  let parts: Parts;
  let bed: Testbed;
  let deployment: Deployment;
  let before: Container[];

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    bed = await Testbed.start({ hosts: ["server-a", "server-b", "server-c"], parts });
  });

  afterAll(async () => {
    await bed?.stop();
    await parts?.stop();
  });

  beforeEach(async () => {
    deployment = new Deployment(environmentOf({ "server-b": 1 }), parts.env, parts.terraform.path);
    await deployment.applied();
    await deployment.query("CREATE TABLE public.item (id bigint PRIMARY KEY)");
    await deployment.query("SELECT create_distributed_table('public.item', 'id', shard_count => 4)");
    await deployment.query("INSERT INTO public.item SELECT generate_series(1, 100)");
    before = await containersOf(bed);
  });

  afterEach(async () => {
    await deployment.destroy();
    for (const host of Object.values(bed.hosts)) {
      for (const [list, remove] of REMAINS) {
        const ids = (await host.docker(...list)).split("\n").filter((id) => id !== "");
        if (ids.length > 0) await host.docker(...remove, ...ids);
      }
    }
    deployment.remove();
  });

  it("a host that is unreachable", async () => {
    await bed.cut("server-c");
    const output = await failsToJoin();
    const address = bed.hosts["server-c"]?.address;
    expect(unwrapped(output)).toContain(`connect to host ${address} port 22: Connection timed out`);
    await bed.restore("server-c");
    await joins();
  });

  it("a host that refuses the key", async () => {
    const withoutKey = bed.sshOptions.map((option) => (option.endsWith("/id") ? "/dev/null" : option));
    deployment.synth(environmentOf({ "server-b": 1, "server-c": 1 }, { "server-c": withoutKey }));
    const { exitCode, output } = await deployment.apply();
    expect(exitCode).toBe(1);
    expect(output).toMatch(/permission denied/i);
    await nothingChanged();
    await joins();
  });

  it("a taken port", async () => {
    const taken = ["run", "-d", "--name", "squatter", "-p", `${bed.hosts["server-c"]?.address}:5432:5432`];
    await bed.hosts["server-c"]?.docker(...taken, "--entrypoint", "sleep", parts.image.tag, "1000");
    const output = await failsToJoin();
    expect(output).toMatch(/port is already allocated|address already in use/);
    await bed.hosts["server-c"]?.docker("rm", "-f", "squatter");
    await joins();
  });

  it("a missing image", async () => {
    deployment.synth({
      ...environmentOf({ "server-b": 1, "server-c": 1 }),
      image: "citusdata/citus:13.0.99",
      rollout: "all-at-once",
    });
    const { exitCode, output } = await deployment.apply();
    expect(exitCode).toBe(1);
    expect(output).toContain("citusdata/citus:13.0.99");
    await nothingChanged();
    await joins();
  });

  it("another password than the cluster's", async () => {
    const output = await failsToJoin({ TF_VAR_postgres_password: randomBytes(12).toString("hex") });
    expect(output).toMatch(/password/);
    expect(output).toContain("TF_VAR_postgres_password");
    // The new worker's volume was initialised with the wrong one: it is empty, and made anew.
    const replace = ["docker_container", "docker_volume"].map((type) => `-replace=${type}.server-c_worker1`);
    const { output: replaced } = await deployment.run("apply", "-auto-approve", ...replace);
    expect(replaced).toContain("9 of 9 pairs healthy");
    await joined();
  });

  it("no password at all", async () => {
    const output = await failsToJoin({ TF_VAR_postgres_password: "" });
    expect(output).toContain("TF_VAR_postgres_password");
    await joins();
  });

  it("a worker that holds user tables", async () => {
    await bed.hosts["server-c"]?.docker(
      ...["run", "-d", "--name", "earlier", "-v", "citus-worker1:/var/lib/postgresql"],
      ...["-e", "PGDATA=/var/lib/postgresql/17/docker", "-e", `POSTGRES_PASSWORD=${deployment.password}`],
      parts.image.tag,
    );
    await expect.poll(() => onEarlier("CREATE TABLE precious (id int)"), { timeout: 180_000 }).toBe(true);
    await bed.hosts["server-c"]?.docker("stop", "earlier");
    await bed.hosts["server-c"]?.docker("rm", "earlier");
    const output = await failsToJoin();
    expect(output).toContain("server-c/worker1");
    expect(output).toContain("public.precious");
    await bed.hosts["server-c"]?.docker(
      "exec",
      "citus-worker1",
      "psql",
      "-U",
      "postgres",
      "-c",
      "DROP TABLE precious",
    );
    await joins();
  });

  it("a worker that the coordinator reaches and another worker doesn't", async () => {
    await bed.blockTcp("server-b", "server-c", 5432);
    const output = await failsToJoin();
    expect(output).toContain("server-b/worker1");
    expect(output).toContain("server-c/worker1");
    await bed.unblock("server-b", "server-c", 5432);
    await joins();
  });

  it("a name that can't be resolved", async () => {
    await bed.dns.remove("server-c.example.com");
    const output = await failsToJoin();
    expect(output).toContain("server-c.example.com");
    expect(output).toMatch(/could not translate host name|resolve/);
    await bed.dns.set("server-c.example.com", bed.hosts["server-c"]?.address ?? "");
    await joins();
  });

  it("a coordinator's port that the machine with Terraform doesn't reach: registration goes through ssh", async () => {
    await bed.blockTcp(ROOT_NAMESPACE, "server-a", 5432);
    deployment.synth(environmentOf({ "server-b": 1, "server-c": 1 }));
    expect(await deployment.applied()).toContain("9 of 9 pairs healthy");
    await bed.unblock(ROOT_NAMESPACE, "server-a", 5432);
  });

  it("Terraform killed while workers register", async () => {
    deployment.synth(environmentOf({ "server-b": 1, "server-c": 1 }));
    await deployment.init();
    const terraform = deployment.start(["apply", "-auto-approve"]);
    await printed(terraform, /registration \(local-exec\)/);
    terraform.kill("SIGKILL");
    const { exitCode, output } = await deployment.apply();
    expect(output).toContain("9 of 9 pairs healthy");
    expect(exitCode).toBe(0);
    await joined();
  });

  it("a registration that failed before a worker is dropped: the drain still runs, and its failure keeps everything", async () => {
    await joins();
    await bed.dns.remove("server-c.example.com");
    await bed.hosts["server-c"]?.docker("rm", "-f", "citus-worker1");
    const failed = await deployment.apply();
    expect(failed.exitCode).toBe(1);
    await bed.dns.set("server-c.example.com", bed.hosts["server-c"]?.address ?? "");

    await deployment.query("CREATE TABLE public.keyless (id bigint)");
    await deployment.query("SELECT create_distributed_table('public.keyless', 'id', shard_count => 4)");
    const containers = await containersOf(bed);
    deployment.synth(environmentOf({ "server-b": 0, "server-c": 1 }));
    const refused = await deployment.apply();
    expect(refused.exitCode).toBe(1);
    expect(refused.output).toContain("public.keyless");
    expect(await containersOf(bed)).toEqual(containers);
    expect(await items()).toBe(100);

    await deployment.query("DROP TABLE public.keyless");
    await deployment.applied();
    expect(await items()).toBe(100);
    expect(await deployment.plan()).toEqual([]);
  });

  /** Tries to add server-c's worker, which must fail and change nothing else. Returns Terraform's output. */
  async function failsToJoin(env: Record<string, string> = {}): Promise<string> {
    deployment.synth(environmentOf({ "server-b": 1, "server-c": 1 }));
    const { exitCode, output } = await deployment.apply(env);
    expect(output).not.toContain("Apply complete!");
    expect(exitCode).toBe(1);
    await nothingChanged();
    return output;
  }

  async function nothingChanged(): Promise<void> {
    expect(await containersOf(bed)).toEqual(expect.arrayContaining(before));
    expect(await items()).toBe(100);
    expect(
      await deployment.query("SELECT 1 FROM pg_dist_node WHERE nodename = 'server-c.example.com'"),
    ).toEqual([]);
  }

  /** After the repair. */
  async function joins(): Promise<void> {
    deployment.synth(environmentOf({ "server-b": 1, "server-c": 1 }));
    expect(await deployment.applied()).toContain("9 of 9 pairs healthy");
    await joined();
  }

  async function joined(): Promise<void> {
    expect(
      await deployment.query(
        "SELECT 1 FROM pg_dist_node WHERE nodename = 'server-c.example.com' AND isactive",
      ),
    ).toHaveLength(1);
    expect(await items()).toBe(100);
    expect(await deployment.plan()).toEqual([]);
  }

  /** Whether the statement ran on the server that was there before, over TCP: its temporary one has only the socket. */
  async function onEarlier(sql: string): Promise<boolean> {
    const psql = ["exec", "earlier", "psql", "-h", "127.0.0.1", "-U", "postgres", "-c", sql];
    return (
      bed.hosts["server-c"]?.docker(...psql).then(
        () => true,
        () => false,
      ) ?? false
    );
  }

  async function items(): Promise<number> {
    const [row] = await deployment.query<{ count: string }>("SELECT count(*) FROM public.item");
    return Number(row?.count);
  }

  function environmentOf(
    workers: Environment["workers"],
    sshOptions: Record<string, string[]> = {},
  ): Environment {
    const hosts = ["server-a", "server-b", "server-c"].map((id) => {
      const options = hostOptions(bed, id);
      return [id, { ...options, sshOptions: sshOptions[id] ?? options.sshOptions }] as const;
    });
    return {
      name: "faults",
      hosts: Object.fromEntries(hosts),
      coordinator: { host: "server-a" },
      workers,
      ephemeral: true,
      rollout: "refuse",
    };
  }
});

/** What a case may leave on a host: how it is listed, how it is removed. */
const REMAINS = [
  [
    ["ps", "--all", "--quiet"],
    ["rm", "--force", "--volumes"],
  ],
  [
    ["volume", "ls", "--quiet"],
    ["volume", "rm"],
  ],
  [
    ["network", "ls", "--quiet", "--filter", "type=custom"],
    ["network", "rm"],
  ],
] as const;

/** Resolves when the program has printed something that matches; rejects when it ends before. */
function printed(program: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    program.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (pattern.test(output)) resolve();
    });
    program.on("close", () => reject(new Error(`ended without ${pattern}:\n${output}`)));
  });
}

/** Terraform's words in one line: it breaks them at the width of a terminal, behind a bar. */
function unwrapped(output: string): string {
  return output.replace(/\s*\n[│\s]*/g, " ");
}

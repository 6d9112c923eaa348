import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findParts, type Parts } from "../../testbed/parts";
import { RecoverCluster, docker } from "../operations/change/recover/recover-cluster";

/** What a deployed environment is told to do, done by Terraform as it is told. */
describe("what is said to do about a deployment, and helps", () => {
  let parts: Parts;
  let cluster: RecoverCluster;

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    console.log(parts.banner);
    cluster = await RecoverCluster.create(parts);
  });
  afterAll(async () => {
    await cluster?.destroy();
    parts?.stop();
  });

  const data = () => join(cluster.deployment.folder, "data");
  const directory = (name: string) => join(data(), cluster.node(name));
  const declare = (workers: number, settings: Record<string, string> = {}) => {
    for (const name of [
      "coordinator",
      ...Array.from({ length: workers }, (_, index) => `worker${index + 1}`),
    ])
      for (const part of ["", "-archive"]) mkdirSync(`${directory(name)}${part}`, { recursive: true });
    const environment = cluster.environment({ workers: { local: workers } });
    cluster.declare({
      ...environment,
      // What may be destroyed is not guarded.
      ephemeral: false,
      hosts: { local: { connection: "unix:///var/run/docker.sock", dataPath: data() } },
      coordinator: { ...environment.coordinator, settings },
    });
  };

  it("a first initialisation that was cut off on directories of the server", async () => {
    declare(2);
    const one = cluster.node("worker1");
    await cluster.killApply(async () => {
      const log = await docker("logs", one).catch(() => "");
      if (!log.includes("creating subdirectories")) return false;
      return (await docker("pause", one).catch(() => undefined)) !== undefined;
    });
    await docker("kill", one);
    await expect
      .poll(() => cluster.recover().then(({ output }) => output), { timeout: 120_000, interval: 2000 })
      .not.toContain("its first initialisation still runs");
    const told = async (why: RegExp) => {
      const { output } = await cluster.recover();
      expect(output).toMatch(why);
      const [, remove = "", volumes = "", first = "", second = ""] =
        /(docker rm \S+ \S+) and (docker volume rm \S+ \S+) there, empty (\S+) and (\S+) of the server, then recover again/.exec(
          output,
        ) ?? [];
      return { commands: [remove, volumes], directories: [first, second] };
    };
    const asked = await told(/never ended, but its data is in directories of the server/);
    await docker("stop", cluster.node("coordinator"));
    const unasked = await told(
      /never ended, but the coordinator can't be queried .*: if it certainly holds nothing of value/,
    );
    expect(unasked).toEqual(asked);
    for (const command of asked.commands) await docker(...command.split(" ").slice(1));
    for (const path of asked.directories)
      for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true });
    const recovered = await cluster.recover("--yes");
    expect(recovered.exitCode, recovered.output).toBe(0);
    await cluster.deployment.applied();
    expect(await cluster.deployment.plan()).toEqual([]);
  });

  it("a worker whose deploy ended before it was a member", async () => {
    declare(3);
    const made = await cluster.deployment.run(
      "apply",
      "-auto-approve",
      "-target=docker_container.local_worker3",
    );
    expect(made.exitCode, made.output).toBe(0);
    const refused = await cluster.run("add", "local/worker3");
    expect(refused.exitCode, refused.output).toBe(4);
    expect(refused.output).toMatch(
      /not yet a member to Terraform: .*`npx cdktf deploy \S+`, which registers it/,
    );
    await cluster.deployment.applied();
    const there = await cluster.run("add", "local/worker3");
    expect(there.exitCode, there.output).toBe(0);
    expect(there.output).toContain("is registered already");
  });

  it("a setting that keeps the coordinator from starting", async () => {
    declare(3);
    await cluster.deployment.applied();
    const coordinator = cluster.node("coordinator");
    await docker(
      ...["exec", coordinator, "psql", "-h", "127.0.0.1", "-U", "postgres", "-c"],
      "ALTER SYSTEM SET shared_buffers = '8000GB'",
    );
    await docker("restart", coordinator);
    declare(3, { shared_buffers: "64MB" });
    const refused = await cluster.deployment.apply();
    const said = refused.output.replace(/\n[│╷╵]?\s*/g, " ");
    const [, target = ""] =
      /keeps the coordinator from starting, replace it alone: .*?apply -target=(\S+)/.exec(said) ?? [];
    expect(target, refused.output.slice(-500)).not.toBe("");
    const alone = await cluster.deployment.run(
      "apply",
      "-auto-approve",
      `-target=${target.replaceAll('"', "")}`,
    );
    expect(alone.exitCode, alone.output).toBe(0);
    await cluster.deployment.applied();
    expect(await cluster.deployment.plan()).toEqual([]);
  });
});

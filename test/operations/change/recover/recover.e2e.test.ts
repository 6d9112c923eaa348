import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findParts, type Parts } from "../../../../testbed/parts";
import { expectShape } from "../../../fixtures/json-shape";
import { RecoverCluster, TAKEN, docker } from "./recover-cluster";

interface Recovered {
  readonly hosts: readonly { readonly host: string; readonly reachable: boolean }[];
  readonly actions: readonly { readonly action: string }[];
  readonly outcome: string;
}

describe("pg-dist recover", () => {
  let parts: Parts;
  let cluster: RecoverCluster;

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    console.log(parts.banner);
  });
  afterAll(() => parts?.stop());

  describe("of a running cluster", () => {
    beforeAll(async () => {
      cluster = await RecoverCluster.create(parts);
      await cluster.deployment.applied();
    });
    afterAll(() => cluster?.destroy());

    it("has nothing to do where the state is right", async () => {
      const { exitCode, output } = await cluster.recover();
      expect(output).toContain("Nothing to recover");
      expect(exitCode).toBe(0);
    });

    it("does nothing while another Terraform is at work", async () => {
      const { exitCode, output } = await cluster.whileLocked(() => cluster.recover("--yes"));
      expect(output.trim().split("\n").at(-1)).toMatch(
        /^pg-dist: another Terraform holds the lock of this state: \S+@\S+, apply, since .* UTC: wait/,
      );
      expect(exitCode).toBe(1);
    });

    it("says that a program of a killed Terraform is still at work", async () => {
      const session = await cluster.deployment.session("register");
      try {
        const { exitCode, output } = await cluster.recover();
        expect(output).toMatch(
          /Still at work on the cluster: pg-dist register .* process \d+ on the coordinator/,
        );
        expect(exitCode).toBe(0);
      } finally {
        await session.end();
      }
    });

    it("goes on without a Docker host that can't be reached, and says which", async () => {
      const { local } = cluster.environment().hosts;
      cluster.declare(
        cluster.environment({
          hosts: {
            local: { ...local, connection: "unix:///var/run/docker.sock", address: "10.255.0.1" },
            gone: { connection: "ssh://nobody@127.0.0.1:1", address: "10.255.0.2" },
          },
          workers: { local: 2, gone: 1 },
        }),
      );
      const { exitCode, output } = await cluster.recover();
      expect(output).toMatch(/Docker host gone can't be inspected: .*Connection refused/);
      expect(output).not.toContain("remove ");
      expect(exitCode).toBe(1);
      const { stdout } = await cluster.recover("--json");
      const reachable = { local: true, gone: false };
      const { hosts } = expectShape<Recovered>("recover", stdout);
      expect(Object.fromEntries(hosts.map((each) => [each.host, each.reachable]))).toEqual(reachable);
      cluster.declare(cluster.environment());
    });

    it("rebuilds a state that was lost altogether, and restarts nothing", async () => {
      const before = await cluster.starts();
      cluster.loseState();
      const asked = await cluster.recover();
      expect(asked.output).toContain("Nothing was changed. Carry it out with --yes.");
      expect(asked.exitCode).toBe(4);
      expect(cluster.stateText()).toBe("");

      const recovered = await cluster.recover("--yes", "--json");
      expect(recovered.exitCode, recovered.output).toBe(0);
      const { actions, outcome } = expectShape<Recovered>("recover", recovered.stdout);
      expect(outcome).toBe("done");
      expect(actions.map(({ action }) => action)).toEqual(Array(10).fill("adopt"));

      const plan = await cluster.deployment.plan();
      expect(plan.toSorted((a, b) => a.address.localeCompare(b.address))).toEqual([
        { address: "null_resource.registration", actions: ["create"] },
      ]);
      await cluster.deployment.applied();
      expect(await cluster.deployment.plan()).toEqual([]);
      expect(await cluster.starts()).toEqual(before);
    });
  });

  describe("after Terraform was killed", () => {
    beforeAll(async () => {
      cluster = await RecoverCluster.create(parts);
    });
    afterEach(() => cluster?.clear());
    afterAll(() => cluster?.destroy());

    it("while the first container was being made", async () => {
      await cluster.killApply(async () => (await cluster.list("container")).length > 0);
      const stuck = await cluster.deployment.apply();
      expect(stuck.exitCode).toBe(1);
      expect(stuck.output).toMatch(TAKEN);

      const recovered = await cluster.recover("--yes");
      expect(recovered.exitCode, recovered.output).toBe(0);
      const before = await cluster.starts();
      await cluster.deployment.applied();
      expect(await cluster.deployment.plan()).toEqual([]);
      expect(await cluster.starts()).toMatchObject(before);
    });

    it("and containers in their first initialisation: those are made anew", async (context) => {
      // Its entrypoint is another one, which proves nothing to us.
      if (parts.image.kind === "stand-in") context.skip("needs the real Citus image");
      const [one, two] = [cluster.node("worker1"), cluster.node("worker2")];
      // Each is frozen in the middle of it, as the first may be through before the second begins.
      const frozen = new Set<string>();
      await cluster.killApply(async () => {
        for (const name of [one, two].filter((each) => !frozen.has(each))) {
          const log = await docker("logs", name).catch(() => "");
          if (!log.includes("creating subdirectories")) continue;
          // Now and then runc is "unable to freeze": then at the next look.
          const paused = await docker("pause", name).catch(() => undefined);
          if (paused !== undefined) frozen.add(name);
        }
        return frozen.size === 2;
      });
      await docker("kill", one, two);
      // As after a reboot of the server: it runs again, and will never be healthy.
      await docker("start", two);
      const old = Object.values(await cluster.starts()).map((start) => start.split(" ")[0] ?? "");

      const recovered = await cluster.recover("--yes");
      for (const worker of ["worker1", "worker2"]) {
        expect(recovered.stdout).toMatch(
          new RegExp(`remove +local +container \\S+-${worker} .*first initialisation never ended`),
        );
      }
      expect(recovered.exitCode, recovered.output).toBe(0);
      const left = await cluster.list("container");
      expect(left).toHaveLength(1);
      expect(old).toContain(left[0]);
      const volumes = await cluster.list("volume");
      expect(volumes).not.toContain(one);
      expect(volumes).not.toContain(two);
      const before = await cluster.starts();
      await cluster.deployment.applied();
      expect(await cluster.deployment.plan()).toEqual([]);
      expect(await cluster.starts()).toMatchObject(before);
    });
  });
});

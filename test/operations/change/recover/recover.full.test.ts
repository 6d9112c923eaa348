import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findParts, type Parts } from "../../../../testbed/parts";
import { HoldingSocket } from "../../../fixtures/holding-socket";
import { expectShape } from "../../../fixtures/json-shape";
import { RecoverCluster, TAKEN, docker } from "./recover-cluster";

describe("pg-dist recover, further", () => {
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

    it("asks on a terminal, where only yes is a yes", async () => {
      const state = cluster.stateText();
      cluster.loseState();
      for (const keys of ["\u0003", "\u0004", "y\r"]) {
        const { exitCode, output } = await cluster.recoverOnTerminal(keys);
        expect(output.trim().split(/\r?\n/).at(-1)).toBe("Nothing was changed. Carry it out with --yes.");
        expect(exitCode).toBe(4);
        expect(cluster.stateText()).toBe("");
      }
      const { exitCode, output } = await cluster.recoverOnTerminal("yes\r");
      expect(output).toContain(`Next, before any other change: \`npx cdktf deploy ${cluster.name}\`.`);
      expect(exitCode).toBe(0);
      cluster.restoreState(state);
    });

    it("adds what a part of the state lacks, started where it stands still", async () => {
      const before = await cluster.starts();
      cluster.loseResources("docker_container.local_worker1", "docker_volume.local_worker2");
      await docker("stop", cluster.node("worker1"));
      const recovered = await cluster.recover("--yes");
      expect(recovered.exitCode, recovered.output).toBe(0);
      expect(recovered.stdout.split("\n").filter((line) => line.startsWith("adopt"))).toHaveLength(2);
      expect(await cluster.deployment.plan()).toEqual([]);
      const after = await cluster.starts();
      expect({ ...after, [cluster.node("worker1")]: "" }).toEqual({
        ...before,
        [cluster.node("worker1")]: "",
      });
      expect(after[cluster.node("worker1")]).not.toBe(before[cluster.node("worker1")]);
    });

    it("takes up a container that an old copy of the state doesn't know", async () => {
      const old = cluster.stateText();
      await docker("rm", "--force", cluster.node("worker2"));
      await cluster.deployment.applied();
      const before = await cluster.starts();
      cluster.restoreState(old);
      expect((await cluster.deployment.apply()).output).toMatch(TAKEN);
      cluster.restoreState(old);
      const recovered = await cluster.recover("--yes");
      expect(recovered.exitCode, recovered.output).toBe(0);
      expect(recovered.stdout).toContain("the state has an older one");
      await cluster.deployment.applied();
      expect(await cluster.deployment.plan()).toEqual([]);
      expect(await cluster.starts()).toEqual(before);
    });

    it("leaves memberships away that an edit is in the way of; it undone, or with the next deploy, they are back", async () => {
      const nodes = ["local/coordinator", "local/worker1", "local/worker2"];
      const lose = () => cluster.loseResources("null_resource.membership", "null_resource.guard");
      const recoverAnew = async () => {
        const { stdout, output, exitCode } = await cluster.recover("--yes", "--json");
        expect(exitCode, output).toBe(0);
        return expectShape<object>("recover", stdout);
      };
      lose();
      cluster.declare(cluster.environment({ memory: 900 }));
      expect(await recoverAnew()).toMatchObject({ memberships: nodes, outcome: "done", unsafe: true });
      expect(cluster.stateText()).not.toContain('"membership"');
      // As it advises.
      cluster.declare(cluster.environment());
      expect(await recoverAnew()).toMatchObject({ memberships: nodes, outcome: "done", unsafe: false });
      expect(await cluster.deployment.plan()).toEqual([]);

      // Without the edit: Docker lifts no limit of a container that is there, and the tests after this one have none.
      lose();
      await cluster.deployment.applied();
      expect(await recoverAnew()).toMatchObject({ memberships: [], unsafe: false });
      expect(await cluster.deployment.plan()).toEqual([]);
    });

    it("refuses to adopt where that would replace a container, and changes nothing", async () => {
      const before = await cluster.starts();
      const state = cluster.stateText();
      cluster.loseState();
      cluster.declare(cluster.environment({ settings: { max_connections: 77 } }));
      const { exitCode, output } = await cluster.recover("--yes");
      expect(output).toMatch(
        /nothing was adopted: docker_container\.\S+: would delete and create \(its command differ/,
      );
      expect(exitCode).toBe(4);
      expect(await cluster.starts()).toEqual(before);
      expect(await cluster.list("volume")).toHaveLength(2 * cluster.size);
      cluster.declare(cluster.environment());
      cluster.restoreState(state);
      expect(await cluster.deployment.plan()).toEqual([]);
    });

    it("goes on once the state and the stack can be read again", async () => {
      const state = cluster.stateText();
      cluster.restoreState("{ cut off");
      const unread = await cluster.recover();
      expect(unread.exitCode, unread.output).toBe(1);
      expect(unread.output).toMatch(/: fix the errors in the lines above, then run it again\n/);
      cluster.restoreState(state);
      const stack = join(cluster.deployment.stackFolder, "cdk.tf.json");
      writeFileSync(stack, readFileSync(stack, "utf8").slice(0, 1000));
      const cutOff = await cluster.recover();
      expect(cutOff.exitCode, cutOff.output).toBe(1);
      expect(cutOff.output).toMatch(
        /can't read .*check that `npx cdktf synth` writes all of it, then run it again/,
      );
      cluster.declare(cluster.environment());
      const again = await cluster.recover();
      expect(again.exitCode, again.output).toBe(0);
    });

    it("removes a member's volume once it is out of the cluster", async () => {
      const removing = ["--yes", "--remove-volume", cluster.node("worker2")];
      const kept = await cluster.recover(...removing);
      expect(kept.exitCode, kept.output).toBe(4);
      const [, command = ""] = /take it out first \(npx pg-dist (remove .*?)\)/.exec(kept.output) ?? [];
      const [name = "", , node = ""] = command.split(" ");
      const taken = await cluster.run(name, node, "--yes");
      expect(taken.exitCode, taken.output).toBe(0);
      const removed = await cluster.recover(...removing);
      expect(removed.exitCode, removed.output).toBe(0);
      await cluster.deployment.applied();
      expect(await cluster.deployment.plan()).toEqual([]);
    });

    it("never removes a registered node, also not by its volume's name", async () => {
      const before = await cluster.starts();
      cluster.loseState();
      cluster.declare(cluster.environment({ workers: { local: 1 } }));
      const typed = await cluster.recover("--yes", "--remove-volume", cluster.node("worker2"));
      expect(typed.output).toContain("it is registered in the cluster");
      expect(typed.exitCode).toBe(4);
      const { exitCode, stdout } = await cluster.recover();
      expect(stdout).toMatch(/leave alone +local +container \S+worker2 .*it is registered in the cluster/);
      expect(exitCode).toBe(4);
      expect(await cluster.starts()).toEqual(before);
      cluster.declare(cluster.environment());
    });
  });

  describe("after Terraform was killed", () => {
    beforeAll(async () => {
      cluster = await RecoverCluster.create(parts);
    });
    afterEach(() => cluster?.clear());
    afterAll(() => cluster?.destroy());

    it("while the network was being made", async () => {
      // The provider must not learn that it was: else Terraform may have recorded it before it is killed.
      const socket = await HoldingSocket.open(/^POST \S*\/networks\/create/);
      try {
        const hosts = { local: { connection: `unix://${socket.path}` } };
        cluster.declare(cluster.environment({ hosts }));
        await convergesAfterKill(async () => socket.holds);
      } finally {
        cluster.declare(cluster.environment());
        socket.close();
      }
    });

    it("while all containers initialised", async () => {
      await convergesAfterKill(async () => {
        const running = await docker("ps", "--quiet", "--filter", `label=pg-dist.cluster=${cluster.name}`);
        return running.split("\n").filter(Boolean).length === cluster.size;
      });
    });

    async function convergesAfterKill(moment: () => Promise<boolean>): Promise<void> {
      await cluster.killApply(moment);
      const stuck = await cluster.deployment.apply();
      expect(stuck.exitCode).toBe(1);
      expect(stuck.output).toMatch(TAKEN);

      const recovered = await cluster.recover("--yes");
      expect(recovered.exitCode, recovered.output).toBe(0);
      const before = await cluster.starts();
      await cluster.deployment.applied();
      expect(await cluster.deployment.plan()).toEqual([]);
      expect(await cluster.starts()).toMatchObject(before);
    }
  });
});

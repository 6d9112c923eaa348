import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Cluster, ClusterHost } from "../../../../../model/cluster";
import { CitusContainers, describeOnCitus } from "../../../../fixtures/citus-containers";
import { ForwardedEngine } from "../../../../fixtures/forwarded-engine";
import { Sshd, describeOverSsh } from "../../../../fixtures/sshd";

describeOnCitus("the transports to the coordinator", () => {
  const citus = new CitusContainers();

  beforeAll(async () => {
    await citus.create();
    await citus.start("coordinator");
  });
  afterAll(() => citus.destroy());

  const on = async (host: Partial<ClusterHost>): Promise<Cluster> => {
    const cluster = await citus.cluster([]);
    return { ...cluster, hosts: cluster.hosts.map((local) => ({ ...local, ...host })) };
  };

  describeOverSsh("by ssh", () => {
    let sshd: Sshd;
    let noForwarding: Sshd;
    beforeAll(async () => {
      sshd = await Sshd.start();
      noForwarding = await Sshd.start(["AllowTcpForwarding no"]);
    });
    afterAll(() => Promise.all([sshd.stop(), noForwarding.stop()]));

    test("a tunnel, as another server's loopback is never this machine's", async () => {
      const cluster = await on({ connection: sshd.connection, sshOptions: sshd.options() });
      const outcome = await citus.register(cluster);
      expect(outcome).toMatchObject({ code: 0 });
      expect(outcome.output).toMatch(/connected \(ssh: ssh \S+@127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+\)/);
      expect((await citus.register(cluster, { PGDIST_VIA: "direct" })).code).toBe(2);
    });

    test("docker exec on the server where it forwards nothing", async () => {
      const cluster = await on({ connection: noForwarding.connection, sshOptions: noForwarding.options() });
      const outcome = await citus.register(cluster);
      expect(outcome).toMatchObject({ code: 0 });
      expect(outcome.output).toMatch(/connected \(exec: ssh \S+: docker exec \S+coordinator\)/);
      const wrong = await citus.register(cluster, { TF_VAR_postgres_password: "not-it" });
      expect(wrong.last).toMatch(/password authentication failed/);
    });

    test("a refused key, an unknown host key, and a server that isn't there", async () => {
      const refused = await citus.register(
        await on({ connection: sshd.connection, sshOptions: sshd.options("stranger") }),
      );
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.last).toMatch(/can't be reached: .*Permission denied \(publickey/);
      const strange = await on({ connection: sshd.connection, sshOptions: sshd.strangeHostOptions() });
      expect((await citus.register(strange)).last).toMatch(/Host key verification failed/);
      const nowhere = await on({ connection: "ssh://nowhere.invalid", sshOptions: sshd.options() });
      expect((await citus.register(nowhere)).last).toMatch(/Could not resolve hostname nowhere\.invalid/);
    });
  });

  describe("by the engine's own TLS port", () => {
    let engine: ForwardedEngine;
    beforeAll(async () => {
      engine = await ForwardedEngine.start({ tls: true });
    });
    afterAll(() => engine.stop());

    test("exec with the certificate from Terraform's variables, and without", async () => {
      const cluster = await on({ connection: engine.connection, tls: "docker" });
      const outcome = await citus.register(cluster, engine.material);
      expect(outcome).toMatchObject({ code: 0 });
      expect(outcome.output).toMatch(/connected \(exec: docker exec \S+coordinator\)/);
      expect((await citus.register(cluster)).last).toContain("TF_VAR_docker_ca is not set");
    });
  });
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callerOf } from "../../../operations/base/caller/caller";
import type { ClusterHost } from "../../../model/cluster";
import { inspectContainer, listContainers, runOnce } from "../../../operations/docker/engine/containers";
import { Engine } from "../../../operations/docker/engine/engine";
import { exec, startExec } from "../../../operations/docker/engine/exec";
import { readLog, showLog } from "../../../operations/docker/engine/logs";
import { IMAGE, CitusContainers, describeOnCitus } from "../../fixtures/citus-containers";
import { ForwardedEngine, createCertificates } from "../../fixtures/forwarded-engine";
import { Sshd, describeOverSsh } from "../../fixtures/sshd";

const UNIX = { id: "local", connection: "unix:///var/run/docker.sock", sshOptions: [] };

/** Each way to an engine carries everything that is done with one. */
describeOnCitus("an engine is reached", () => {
  const citus = new CitusContainers();
  let name = "";
  beforeAll(async () => {
    await citus.create();
    await citus.start("coordinator");
    name = citus.container("coordinator");
  });
  afterAll(() => citus.destroy());

  describe("at its socket", () => works(() => ({ host: UNIX })));

  describe("at its port", () => {
    let engine: ForwardedEngine;
    beforeAll(async () => {
      engine = await ForwardedEngine.start({ tls: false });
    });
    afterAll(() => engine.stop());
    works(() => ({ host: { ...UNIX, connection: engine.connection } }));
  });

  describe("at its TLS port", () => {
    let engine: ForwardedEngine;
    beforeAll(async () => {
      engine = await ForwardedEngine.start({ tls: true });
    });
    afterAll(() => engine.stop());
    const host = () => ({ ...UNIX, connection: engine.connection, tls: "docker" });
    works(() => ({ host: host(), env: engine.material }));

    test("not with another's certificates", async () => {
      const { ca, cert, key } = createCertificates();
      const others = { TF_VAR_docker_ca: ca, TF_VAR_docker_cert: cert, TF_VAR_docker_key: key };
      await expect(new Engine(host(), callerOf(others)).check()).rejects.toMatchObject({ code: "tls" });
      const own = { ...engine.material, TF_VAR_docker_cert: cert, TF_VAR_docker_key: key };
      // An engine says why; this one only hangs up.
      await expect(new Engine(host(), callerOf(own)).check()).rejects.toMatchObject({
        code: "connection-lost",
      });
    });
  });

  describeOverSsh("through ssh", () => {
    let sshd: Sshd;
    beforeAll(async () => {
      sshd = await Sshd.start();
    });
    afterAll(() => sshd.stop());
    const host = (sshOptions = sshd.options()) => ({ ...UNIX, connection: sshd.connection, sshOptions });
    works(() => ({ host: host() }));

    test("with one login for many questions, and none that stays", async () => {
      const before = sshd.logins;
      const docker = new Engine(host(), callerOf(process.env));
      for (let count = 0; count < 5; count++) await inspectContainer(docker, name);
      expect(sshd.logins).toBe(before + 1);
      docker.close();
      await expect.poll(() => sshd.logins, { timeout: 30_000 }).toBe(before);
    });

    test("not with a key that it refuses, nor as an unknown host", async () => {
      await expect(
        new Engine(host(sshd.options("stranger")), callerOf(process.env)).check(),
      ).rejects.toMatchObject({
        code: "ssh-refused",
      });
      await expect(
        new Engine(host(sshd.strangeHostOptions()), callerOf(process.env)).check(),
      ).rejects.toMatchObject({
        code: "ssh-host-key",
      });
    });
  });

  function works(
    how: () => { readonly host: ClusterHost; readonly env?: Readonly<Record<string, string>> },
  ): void {
    let docker: Engine;
    beforeAll(() => {
      const { host, env } = how();
      docker = new Engine(host, callerOf({ ...process.env, ...env }));
    });
    afterAll(() => docker.close());

    test("and lists containers", async () => {
      const names = (await listContainers(docker, { all: false })).flatMap(({ Names }) => Names);
      expect(names).toContain(`/${name}`);
    });

    test("and runs processes in a container: input, both outputs, exit code, time limit", async () => {
      const script = "cat; echo bad >&2; exit 3";
      expect(await exec(docker, name, ["sh", "-c", script], { input: "in\n" })).toEqual({
        ...{ stdout: "in\n", stderr: "bad\n", code: 3, timedOut: false },
      });
      const large = await exec(docker, name, ["wc", "-c"], { input: "x".repeat(3_000_000) });
      expect(large.stdout.trim()).toBe("3000000");
      const long = await exec(docker, name, ["sh", "-c", "echo so far; sleep 5"], { timeout: 2000 });
      expect(long).toMatchObject({ stdout: "so far\n", code: null, timedOut: true });
    });

    test("and what reads in a container ends when it is let go of", async () => {
      const marker = `marker-${Math.random()}`;
      const script = 'echo ready; cat >/dev/null; rm -f "/tmp/$1"';
      await exec(docker, name, ["touch", `/tmp/${marker}`]);
      const running = await startExec(docker, name, ["sh", "-c", script, "sh", marker], { stdin: true });
      await new Promise((resolve) => running.stdout.once("data", resolve));
      running.close();
      const isThere = async () => (await exec(docker, name, ["test", "-e", `/tmp/${marker}`])).code === 0;
      await expect.poll(isThere, { timeout: 30_000, interval: 200 }).toBe(false);
    });

    test("and runs an image once", async () => {
      expect(await runOnce(docker, IMAGE, ["sh", "-c", 'echo "$@"', "sh", "a b", "$c"], 60_000)).toBe(
        "a b $c\n",
      );
      await expect(
        runOnce(docker, IMAGE, ["sh", "-c", "echo why >&2; exit 4"], 60_000),
      ).rejects.toMatchObject({ said: "why" });
    });

    test("and shows a log, as it was and as it comes", async () => {
      expect((await readLog(docker, name, { tail: 1000 })).stderr).toContain("ready to accept connections");
      const log = await showLog(docker, name, { follow: true, since: Date.now() / 1000 - 1 });
      const seen = new Promise<string>((resolve) =>
        log.stderr.on("data", (data: Buffer) => data.includes("mark") && resolve(data.toString())),
      );
      await citus.sql("coordinator", "DO $$ BEGIN RAISE LOG 'mark'; END $$");
      expect(await seen).toMatch(/LOG: +mark/);
      log.close();
    });

    test("and says what isn't there", async () => {
      await expect(exec(docker, `${name}-none`, ["true"])).rejects.toMatchObject({ code: "not-found" });
    });
  }
});

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callerOf } from "../../../operations/base/caller/caller";
import type { ClusterHost } from "../../../model/cluster";
import { inspectContainer, listContainers, runOnce } from "../../../operations/docker/engine/containers";
import type { EngineFailure } from "../../../operations/docker/engine/engine-failure";
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
    const folder = mkdtempSync(join(tmpdir(), "pg-dist-ssh-config-"));
    const config = join(folder, "config");
    let sshd: Sshd;
    beforeAll(async () => {
      sshd = await Sshd.start();
    });
    afterAll(async () => {
      await sshd.stop();
      rmSync(folder, { recursive: true });
    });
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
      const strange = new Engine(host(sshd.strangeHostOptions()), callerOf(process.env));
      await expect(strange.check()).rejects.toMatchObject({ code: "ssh-host-key" });
      // Whatever the user's own configuration takes.
      const list = "/dev/null";
      writeFileSync(config, `StrictHostKeyChecking accept-new\nUserKnownHostsFile ${list}\n`);
      const options = ["-F", config, ...sshd.options().slice(2, 6)];
      const accepting = new Engine(host(options), callerOf(process.env));
      await expect(accepting.check()).rejects.toMatchObject({ code: "ssh-host-key" });
    });

    test.each([
      ["unknown", (): string[] => sshd.strangeHostOptions(), ["ssh"]],
      ["changed", (): string[] => sshd.changedHostOptions(), ["ssh-keygen", "ssh"]],
    ])("as a host whose key was %s, once the printed commands were run", async (_what, options, programs) => {
      const docker = new Engine(host(options()), callerOf(process.env));
      const failure = (await docker.check().catch((error: unknown) => error)) as EngineFailure;
      const commands = [...failure.remedy.toString().matchAll(/`((?:ssh|ssh-keygen) [^`]+)`/g)].map(
        ([, command = ""]) => command,
      );
      expect(commands.map((command) => command.split(" ")[0])).toEqual(programs);
      for (const command of commands) {
        const { code, output } = await atTerminal(command);
        expect(`${code} ${output}`).toMatch(command.startsWith("ssh-keygen") ? /^0 / : /^0 .*SHA256:/s);
      }
      await docker.check();
      docker.close();
    });

    test("through a jump host", async () => {
      const bastion = await Sshd.start();
      try {
        const behind = host([...bastion.jumpOptions(), ...sshd.options().slice(2)]);
        const docker = new Engine(behind, callerOf(process.env));
        await docker.check();
        expect(bastion.logins).toBe(1);
        docker.close();
      } finally {
        await bastion.stop();
      }
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

/** Runs a command at a terminal of its own, with somebody who says yes to what it asks. */
function atTerminal(command: string): Promise<{ code: number | null; output: string }> {
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data: Buffer) => {
    // What is typed before the question is thrown away.
    const asked = output.includes("(yes/no");
    output += data.toString();
    if (!asked && output.includes("(yes/no")) child.stdin.write("yes\n");
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, output })));
}

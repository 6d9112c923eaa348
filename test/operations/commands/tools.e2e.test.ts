import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../../../model/environment";
import { CitusContainers, IMAGE, describeOnCitus, docker, dockerLogs } from "../../fixtures/citus-containers";
import { Sshd, describeOverSsh } from "../../fixtures/sshd";

const PG_DIST = join(__dirname, "../../../bin/pg-dist.mjs");
const SCHEMA = join(__dirname, "../../../schemas/doctor.json");

/** What people look at a node with, as a process of its own: doctor, logs and psql, of this machine and over ssh. */
describeOnCitus("doctor, logs and psql", () => {
  const citus = new CitusContainers();
  const folder = mkdtempSync(join(tmpdir(), "pg-dist-tools-"));

  beforeAll(async () => {
    await citus.create();
    await Promise.all([citus.start("coordinator"), citus.start("worker1")]);
    const cluster = await citus.cluster(["worker1"]);
    expect(await citus.register(cluster)).toMatchObject({ code: 0 });
    mkdirSync(join(folder, "environments"));
    writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ app: "true" }));
    declare("here", {
      hosts: { local: { connection: "unix:///var/run/docker.sock" } },
      coordinator: { host: "local", port: cluster.nodes[0]?.published?.port ?? 0 },
    });
  });
  afterAll(async () => {
    await citus.destroy();
    rmSync(folder, { recursive: true });
  });

  function declare(name: string, environment: Pick<Environment, "hosts" | "coordinator">, workers = 1): void {
    const whole: Environment = {
      name,
      cluster: citus.prefix,
      ...environment,
      workers: { local: workers },
      image: IMAGE,
      postgresMajor: 17,
      ephemeral: true,
    };
    const file = join(folder, "environments", `${name}.ts`);
    writeFileSync(file, `export const environment = ${JSON.stringify(whole)};`);
  }

  const options = (env: NodeJS.ProcessEnv = {}) => ({
    cwd: folder,
    encoding: "utf8" as const,
    env: { ...process.env, TF_VAR_postgres_password: citus.password, ...env },
  });
  const pgDist = (args: string[], { input = "", env = {} } = {}) =>
    spawnSync(process.execPath, [PG_DIST, ...args], { ...options(env), input });

  /** A folder with the programs that are needed, and neither psql nor docker. */
  function barePath(): string {
    const bin = mkdtempSync(join(folder, "bin-"));
    for (const name of ["ssh", "sh"]) {
      const path = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
      if (path !== "") symlinkSync(path, join(bin, name));
    }
    return bin;
  }

  describe("doctor", () => {
    test("says what it saw, as JSON of its schema, and ends with 0", () => {
      const { status, stdout } = pgDist(["doctor", "here", "--json", "--timeout", "60"]);
      const answer = JSON.parse(stdout) as object;
      const validate = new Ajv().compile(JSON.parse(readFileSync(SCHEMA, "utf8")) as object);
      expect(validate(answer), JSON.stringify(validate.errors)).toBe(true);
      expect(answer).toMatchObject({ environment: "here", healthy: true });
      expect(stdout).not.toContain(citus.password);
      expect(status).toBe(0);
    });

    test("needs no docker command on this machine", () => {
      const { status, stdout } = pgDist(["doctor", "here", "--timeout", "60"], { env: { PATH: barePath() } });
      expect(stdout).toMatch(/ok +engine +Docker \S+ by unix:\/\//);
      expect(stdout).toMatch(/ok +credentials +/);
      expect(status).toBe(0);
    });

    test("is quiet about what is in order, and ends with 3 where something failed", () => {
      const { status, stdout } = pgDist(["doctor", "here", "--quiet", "--timeout", "60"], {
        env: { TF_VAR_postgres_password: "not-it" },
      });
      expect(stdout).toMatch(/FAILED +connection +the coordinator .* refuses the connection/);
      expect(stdout).toMatch(/→ it is not the coordinator's/);
      expect(stdout).not.toMatch(/^ +ok /m);
      expect(status).toBe(3);
    });

    test("shows every problem of an environment's file", () => {
      declare("wrong", { hosts: { local: { connection: "telnet://x" } }, coordinator: { host: "nowhere" } });
      const { status, stdout } = pgDist(["doctor", "wrong"]);
      expect(stdout).toMatch(/FAILED +configuration +hosts\.local\.connection: .*telnet/);
      expect(stdout).toMatch(/FAILED +configuration +coordinator\.host: .*nowhere/);
      expect(status).toBe(3);
    });
  });

  describe("logs", () => {
    test("shows the lines that match, of both streams", () => {
      const { status, stdout, stderr } = pgDist([
        "logs",
        "here",
        "worker1",
        "--grep",
        "ready (to accept|for start)",
      ]);
      expect(stdout).toMatch(/^PostgreSQL init process complete; ready for start up\.$/m);
      expect(stderr).toMatch(/database system is ready to accept connections/);
      expect(stderr).not.toMatch(/listening/);
      expect(status).toBe(0);
    });

    test.each([
      [["logs", "here", "nobody"], /no node nobody in here: use one of: local\/coordinator, local\/worker1/],
      [["logs", "here", "worker1", "--grep", "("], /Invalid regular expression/],
      [["logs", "here", "worker1", "--since", "yesterday"], /It must be a duration such as 10m/],
    ])("takes %j for a wrong command line", (args, message) => {
      const { status, stderr } = pgDist(args);
      expect(stderr).toMatch(message);
      expect(status).toBe(2);
    });
  });

  describe("logs of a server that writes them to files", () => {
    beforeAll(async () => {
      await citus.start("worker2", { settings: ["logging_collector=on"] });
      declare(
        "collects",
        {
          hosts: { local: { connection: "unix:///var/run/docker.sock" } },
          coordinator: { host: "local", port: (await citus.cluster([])).nodes[0]?.published?.port ?? 0 },
        },
        2,
      );
    });

    test("shows the current one, and says where it is", () => {
      const { status, stdout, stderr } = pgDist(["logs", "collects", "worker2", "--grep", "ready to accept"]);
      expect(stdout).toMatch(/LOG: +database system is ready to accept connections\n$/);
      expect(stderr).toMatch(
        /writes its log to files \(logging_collector\); this is log\/postgresql-\S+\.log/,
      );
      expect(status).toBe(0);
    });

    test("refuses --since, with the reason", () => {
      const { status, stderr } = pgDist(["logs", "collects", "worker2", "--since", "1h"]);
      expect(stderr).toMatch(/--since can't be used: local\/worker2 writes its log to files/);
      expect(status).toBe(2);
    });

    test("follows it into the next file, and leaves nothing behind in the container", async () => {
      const args = [PG_DIST, "logs", "collects", "worker2", "--follow", "--grep", "LOG: +mark"];
      const child = spawn(process.execPath, args, options());
      let seen = "";
      child.stdout.on("data", (data: Buffer) => (seen += data.toString()));
      const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
      const reading = () =>
        spawnSync("docker", ["top", citus.container("worker2")], { encoding: "utf8" }).stdout;
      await expect.poll(reading, { timeout: 60_000 }).toContain("current_logfiles");
      const mark = (name: string) => citus.sql("worker2", `DO $$ BEGIN RAISE LOG 'mark ${name}'; END $$`);
      await mark("one");
      await expect.poll(() => seen, { timeout: 60_000 }).toContain("mark one");
      // A new file has a new name in the next second.
      await citus.sql("worker2", "SELECT pg_sleep(1.1), pg_rotate_logfile()");
      await mark("two");
      await expect.poll(() => seen, { timeout: 60_000 }).toContain("mark two");
      child.kill("SIGINT");
      expect(await ended).toBe(0);
      await expect.poll(reading, { timeout: 60_000 }).not.toContain("current_logfiles");
      expect(
        await citus.sql("worker2", "SELECT pg_postmaster_start_time() > now() - interval '1 hour'"),
      ).toBe("t");
      const crashed = "grep -l 'terminated by signal' \"$PGDATA\"/log/* || echo none";
      expect(await docker("exec", citus.container("worker2"), "sh", "-c", crashed)).toBe("none");
    });

    test("says where a log goes that can't be read", async () => {
      await citus.sql("worker2", "ALTER SYSTEM SET log_destination = 'syslog'");
      await citus.sql("worker2", "SELECT pg_reload_conf(), pg_sleep(1)");
      const { status, stderr } = pgDist(["logs", "collects", "worker2"]);
      expect(stderr).toMatch(
        /local\/worker2: its log goes to syslog \(log_destination\), which can't be read from here/,
      );
      expect(status).toBe(1);
    });
  });

  describe("psql", () => {
    const ask = ["--", "-XAtc", "SELECT groupid FROM pg_dist_local_group"];

    test("runs a script on the coordinator, and arguments on a worker whose port is published nowhere", () => {
      expect(pgDist(["psql", "here", "--", "-XAt"], { input: "SELECT 6 * 7;" })).toMatchObject({
        stdout: "42\n",
        status: 0,
      });
      expect(pgDist(["psql", "here", "worker1", ...ask])).toMatchObject({ stdout: "1\n", status: 0 });
    });

    test("ends with psql's exit code", () => {
      const failing = { input: "SELECT 1/0;" };
      expect(pgDist(["psql", "here", "--", "-X", "-v", "ON_ERROR_STOP=1"], failing).status).toBe(3);
      expect(pgDist(["psql", "here", "--", "-Xc", "SELECT 1/0"]).status).toBe(1);
    });

    test("is the container's own where this machine has none", () => {
      const result = pgDist(["psql", "here", "worker1", ...ask], { env: { PATH: barePath() } });
      expect(result).toMatchObject({ stdout: "1\n", status: 0 });
    });

    test("on a terminal: a prompt, a query that Ctrl-C cancels, and another", async () => {
      const output = await onTerminal(
        ["psql", "here", "worker1", "--", "-X"],
        [
          { after: /postgres=# $/, type: "SELECT pg_sleep(60);\n" },
          { after: /pg_sleep\(60\);\r\n/, type: "\x03", wait: 500 },
          { after: /canceling statement due to user request/, type: "SELECT 6 * 7 AS answer;\n" },
          { after: /\b42\b/, type: "\\q\n" },
        ],
      );
      expect(output).toMatch(/exit code 0\s*$/);
    });

    test("leaves the server alone: no process that it ended counts as crashed", async () => {
      for (const name of ["coordinator", "worker1"])
        expect(await dockerLogs(citus.container(name))).not.toMatch(
          /terminated by signal|not properly shut down/,
        );
    });
  });

  describeOverSsh("over ssh", () => {
    let sshd: Sshd;
    beforeAll(async () => {
      sshd = await Sshd.start();
      const { port } = (await citus.cluster(["worker1"])).nodes[0]?.published ?? { port: 0 };
      declare("there", {
        hosts: { local: { connection: sshd.connection, sshOptions: sshd.options() } },
        coordinator: { host: "local", port },
      });
    });
    afterAll(() => sshd.stop());

    test("doctor sees as much as on this machine", () => {
      const { status, stdout } = pgDist(["doctor", "there", "--timeout", "60"]);
      expect(stdout).toMatch(/ok +engine +Docker \S+ by ssh:\/\//);
      expect(stdout).toMatch(/ok +disk +\/\S+: /);
      expect(stdout).toMatch(/ok +connection +.*\(ssh: /);
      expect(status).toBe(0);
    });

    test("psql goes through a tunnel, and into the container", () => {
      const ask = ["--", "-XAtc", "SELECT groupid FROM pg_dist_local_group"];
      expect(pgDist(["psql", "there", ...ask])).toMatchObject({ stdout: "0\n", status: 0 });
      expect(pgDist(["psql", "there", "worker1", ...ask])).toMatchObject({ stdout: "1\n", status: 0 });
    });

    test("psql is the container's own where this machine has none", () => {
      const env = { PATH: barePath() };
      const result = pgDist(["psql", "there", "worker1", "--", "-XAt"], { env, input: "SELECT 6 * 7;" });
      expect(result).toMatchObject({ stdout: "42\n", status: 0 });
    });

    test("a log that is followed ends on the server too when Ctrl-C ends it here", async () => {
      const child = spawn(
        process.execPath,
        [PG_DIST, "logs", "there", "worker1", "--follow", "--grep", "mark"],
        options(),
      );
      const seen = new Promise<string>((resolve) =>
        child.stderr.on("data", (data: Buffer) => resolve(data.toString())),
      );
      const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
      await expect.poll(() => sshd.logins, { timeout: 60_000 }).toBeGreaterThan(0);
      await citus.sql("worker1", "DO $$ BEGIN RAISE LOG 'mark %', 1; RAISE LOG 'other'; END $$");
      const shown = await seen;
      expect(shown).toMatch(/LOG: +mark 1\n/);
      expect(shown).not.toMatch(/LOG: +other/);
      child.kill("SIGINT");
      expect(await ended).toBe(0);
      await expect.poll(() => sshd.logins, { timeout: 60_000 }).toBe(0);
    });
  });

  interface Step {
    readonly after: RegExp;
    readonly type: string;
    /** In milliseconds, where the screen doesn't tell that it began. */
    readonly wait?: number;
  }

  /** Runs it on a pseudo-terminal, which Python's standard library has, and types when the screen says so. */
  async function onTerminal(args: readonly string[], steps: readonly Step[]): Promise<string> {
    const run =
      "import os, pty, sys; s = pty.spawn(sys.argv[1:]); print('exit code', os.waitstatus_to_exitcode(s))";
    const command = ["-c", run, process.execPath, PG_DIST, ...args];
    const child = spawn("python3", command, {
      ...options({ TERM: "dumb", PAGER: "" }),
      stdio: ["pipe", "pipe", "inherit"],
    });
    let output = "";
    let seen = 0;
    const left = [...steps];
    child.stdout.on("data", (data: Buffer) => {
      output += data.toString();
      const [step] = left;
      if (step === undefined || !step.after.test(output.slice(seen))) return;
      seen = output.length;
      left.shift();
      setTimeout(() => child.stdin.write(step.type), step.wait ?? 0);
    });
    await new Promise((resolve) => child.once("close", resolve));
    return output;
  }
});

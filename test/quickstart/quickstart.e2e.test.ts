import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { imageTags } from "../../quickstart/images";
import { isPortFree } from "../../quickstart/port";
import { run } from "../../testbed/command";

const project = join(__dirname, "../..");
const NOT_COPIED = new Set([".git", "node_modules", "cdktf.out", "dist", "state"]);

/** A cluster name of this run's own: the one called `citus` may be somebody's, and stays as it is. */
const cluster = `quickstart-${randomBytes(3).toString("hex")}`;

/**
 * Quickstart on this machine's engine, in a copy of the project with a state of its own. Each step goes on from the one
 * before.
 */
describe("quickstart", () => {
  let folder: string;
  let port: number;
  let tagsBefore: ReadonlySet<string>;
  let first: Result = { status: null, stdout: "", stderr: "" };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "quickstart-"));
    cpSync(project, folder, {
      recursive: true,
      preserveTimestamps: true, // quickstart compares package-lock.json with what is installed
      filter: (path) => !NOT_COPIED.has(relative(project, path)),
    });
    linkPackages();
    edit("environments/local.ts", 'name: "local",', `name: "local",\n  cluster: "${cluster}",`);
    // The engine may be this run's, which users are kept from.
    edit("quickstart/engine.ts", "    refuseTestEngine();\n", "");
    port = await freePort();
  });

  beforeEach(({ skip, task }) => {
    const isFirst = task.name.startsWith("puts the cluster up");
    if (!isFirst && first.status !== 0) skip("the cluster didn't come up");
  });

  afterAll(async () => {
    // What a failed step left, by its exact names; nothing after a run that succeeded.
    const names = ["coordinator", "worker1", "worker2", "worker3"].map((node) => `${cluster}-${node}`);
    await remove("container", names);
    await remove("volume", [...names, ...names.map((name) => `${name}-archive`)]);
    await remove("network", [cluster]);
    rmSync(folder, { recursive: true, force: true });
  });

  it("puts the cluster up, and prints the nodes, how to connect and what to try", async () => {
    tagsBefore = await imageTags("/var/run/docker.sock").catch(() => new Set());
    first = await quickstart([], { PGDIST_LOCAL_PORT: String(port) });
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout).toMatch(new RegExp(`^${cluster}-worker2:5432 +worker +yes +0$`, "m"));
    expect(first.stdout).toContain("9 of 9 connections between the nodes are healthy.");
    expect(first.stdout).toContain(`Connection string: postgres://postgres@127.0.0.1:${port}/postgres\n`);
  });

  it("keeps the password in a file for its owner, and shows it nowhere", () => {
    const file = join(folder, "state/local.password");
    const password = readFileSync(file, "utf8").trim();
    expect(password).not.toBe("");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(first.stdout).not.toContain(password);
    expect(readFileSync(join(folder, "state/quickstart.log"), "utf8")).not.toContain(password);
  });

  it("prints commands that work when they are pasted, also twice", async () => {
    const commands = section(first.stdout, "2. Distribute");
    for (let time = 1; time <= 2; time++) {
      const output = await paste(commands);
      expect(output).toContain("INSERT 0 10000");
      expect(output).toMatch(/^local\/worker1 .* 6 /m);
      expect(output).toMatch(/^local\/worker2 .* 6 /m);
    }
    expect(await paste(section(first.stdout, "Is it healthy?"))).toContain("9 of 9");
  });

  it("changes nothing the second time, on the port that it chose", async () => {
    const { status, stdout } = await quickstart([]);
    expect(status).toBe(0);
    expect(stdout).toContain("No changes.");
    expect(stdout).toContain(`127.0.0.1:${port}/`);
  });

  it("prints how to add a worker, which then takes its share of the shards", async () => {
    const output = await paste(section(first.stdout, "3. Add worker 3"));
    expect(output).toMatch(new RegExp(`^${cluster}-worker3:5432 +worker +yes +0$`, "m"));
    expect(output).toContain("16 of 16 connections between the nodes are healthy.");
    const { stdout } = await quickstart([]);
    expect(stdout).toMatch(new RegExp(`^${cluster}-worker3:5432 +worker +yes +4$`, "m"));
  });

  it("can't move an existing cluster to another port, nor go on without its password", async () => {
    expect(await quickstart([], { PGDIST_LOCAL_PORT: "1" })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`the cluster is already on port ${port}, but PGDIST_LOCAL_PORT is 1`),
    });
    rmSync(join(folder, "state/local.password"));
    expect(await quickstart([])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("its password is neither in TF_VAR_postgres_password nor in"),
    });
  });

  it("takes it away again, also with a lost password and after a killed run, and leaves the image", async () => {
    forgetContainers(); // the password is lost already
    const { status, stderr } = await quickstart(["--destroy"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const kind of ["container", "volume", "network"]) {
      expect(await named(kind)).toBe("");
    }
    const [, kind, tag = ""] = /Citus image +(real|STAND-IN) +([^,]+),/.exec(first.stdout) ?? [];
    expect((await imageTags("/var/run/docker.sock")).has(tag)).toBe(kind === "real" || tagsBefore.has(tag));
    expect(existsSync(join(folder, "state/local.password"))).toBe(false);
    expect((await quickstart(["--destroy"])).stdout).toContain("nothing to remove");
  });

  it("leaves a cluster alone that another checkout made", async () => {
    await run("docker", ["volume", "create", `${cluster}-worker1`]);
    const { status, stderr } = await quickstart([]);
    expect(status).toBe(1);
    expect(stderr).toContain(`not in this checkout's state (volume ${cluster}-worker1)`);
    expect(await named("volume")).toBe(`${cluster}-worker1`);
  });

  interface Result {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }

  async function quickstart(args: readonly string[], env: Record<string, string> = {}): Promise<Result> {
    const { TF_VAR_postgres_password: _password, PGDIST_LOCAL_PORT: _port, ...inherited } = process.env;
    const child = spawn(process.execPath, ["quickstart/quickstart.mjs", ...args], {
      cwd: folder,
      env: { ...inherited, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => (output[stream] += text));
    }
    const [status] = (await once(child, "close")) as [number | null];
    return { status, ...output };
  }

  /** Runs commands in the copy of the project, in a shell that knows nothing of the cluster. */
  function paste(commands: string): Promise<string> {
    const forget = "unset PGDIST_LOCAL_PORT PGDIST_LOCAL_IMAGE TF_VAR_postgres_password PGPASSWORD";
    return run("bash", ["-e"], { input: `${forget}; cd ${folder}\n${commands}` });
  }

  /** As a Terraform that is killed while containers start: they exist outside the state. */
  function forgetContainers(): void {
    const file = join(folder, "state/local.tfstate");
    const state = JSON.parse(readFileSync(file, "utf8")) as { serial: number; resources: { type: string }[] };
    const resources = state.resources.filter(({ type }) => type !== "docker_container");
    writeFileSync(file, JSON.stringify({ ...state, serial: state.serial + 1, resources }));
  }

  /** A folder of links and not a link to the folder, whose packages an `npm ci` in the copy would remove. */
  function linkPackages(): void {
    const packages = join(folder, "node_modules");
    mkdirSync(packages);
    for (const name of readdirSync(join(project, "node_modules"))) {
      if (name !== ".package-lock.json")
        symlinkSync(join(project, "node_modules", name), join(packages, name));
    }
    // Newer than package-lock.json, so that there is no `npm ci`: it has its own test.
    writeFileSync(join(packages, ".package-lock.json"), "{}");
  }

  function edit(file: string, from: string, to: string): void {
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    expect(text).toContain(from);
    writeFileSync(path, text.replace(from, to));
  }

  async function named(kind: string): Promise<string> {
    const format = kind === "container" ? "{{.Names}}" : "{{.Name}}";
    return run("docker", [
      kind,
      "ls",
      ...(kind === "container" ? ["--all"] : []),
      "--filter",
      `name=${cluster}`,
      "--format",
      format,
    ]);
  }

  async function remove(kind: string, names: readonly string[]): Promise<void> {
    const there = (await named(kind)).split("\n");
    const ours = names.filter((name) => there.includes(name));
    if (ours.length > 0) await run("docker", [kind, "rm", "--force", ...ours]);
  }
});

/** The commands under a title of the last lines of quickstart. */
function section(stdout: string, title: string): string {
  const [, text = ""] = stdout.split(`--- ${title}`);
  return text.slice(text.indexOf("\n") + 1).split("\n--- ")[0] ?? "";
}

async function freePort(): Promise<number> {
  for (let port = 15_432; ; port++) if (await isPortFree(port)) return port;
}

import { writeFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { callerOf } from "../../../operations/base/caller/caller";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { hasFile } from "../../../operations/docker/engine/archive";
import { inspectContainer } from "../../../operations/docker/engine/containers";
import { Engine } from "../../../operations/docker/engine/engine";
import { exec } from "../../../operations/docker/engine/exec";
import { pullImage } from "../../../operations/docker/engine/images";
import { registryAuth } from "../../../operations/docker/engine/registry-auth";
import { type FakeAnswers, FakeEngine } from "../../fixtures/fake-engine";

let fake: FakeEngine | undefined;
let engine: Engine | undefined;
afterEach(async () => {
  engine?.close();
  await fake?.stop();
  fake = undefined;
});

async function start(answers: FakeAnswers, env: NodeJS.ProcessEnv = {}): Promise<Engine> {
  fake = await FakeEngine.start(answers);
  engine = new Engine({ id: "server-a", connection: fake.connection, sshOptions: [] }, callerOf(env));
  return engine;
}

const failing = (status: number, message: string): FakeAnswers => ({
  answer: (_method, path) => (path === "/version" ? undefined : { status, json: { message } }),
});

describe("an engine", () => {
  it.each([
    ["that is as old as the client", { ApiVersion: "1.41", MinAPIVersion: "1.12" }, "1.41"],
    ["that is newer", { ApiVersion: "1.50", MinAPIVersion: "1.24" }, "1.41"],
    ["that has dropped that version", { ApiVersion: "1.52", MinAPIVersion: "1.44" }, "1.44"],
    ["that doesn't have it yet", { ApiVersion: "1.39" }, "1.39"],
  ])("%s is spoken to in a version that it takes", async (_title, versions, spoken) => {
    const docker = await start({ versions, containers: { a: {} } });
    await inspectContainer(docker, "a");
    await inspectContainer(docker, "a");
    expect([...(fake?.versions ?? [])]).toEqual([spoken]);
  });

  it("is asked over one connection, one question after the other", async () => {
    const docker = await start({ containers: { a: {} } });
    for (let count = 0; count < 5; count++) await inspectContainer(docker, "a");
    expect(fake?.requests).toHaveLength(6);
    expect(fake?.connections).toBe(1);
  });

  it.each([
    [404, "No such container: a", "not-found"],
    [409, "Container a is not running", "conflict"],
    [400, "wrong", "refused"],
    [501, "configured logging driver does not support reading", "unsupported"],
    [500, "it broke", "engine-error"],
  ])("that answers %d is quoted, with a code", async (status, message, code) => {
    const docker = await start(failing(status, message));
    await expect(inspectContainer(docker, "a")).rejects.toMatchObject({
      code,
      said: message,
      summary: `server-a: docker container inspect a: ${message}`,
      remedy: `check that \`docker -H ${fake?.connection} ps\` works`,
    });
  });

  it("that is silent is given up", async () => {
    const docker = await start({ delay: 10_000 });
    await expect(docker.check(50)).rejects.toMatchObject({ code: "timeout" });
  });

  it("that isn't there says where", async () => {
    const docker = new Engine(
      { id: "a", connection: "unix:///nowhere/docker.sock", sshOptions: [] },
      callerOf({}),
    );
    await expect(docker.check()).rejects.toMatchObject({
      code: "engine-down",
      summary:
        "a: docker version: Cannot connect to the Docker daemon at unix:///nowhere/docker.sock (ENOENT)",
    });
  });

  it("by TLS needs its material", async () => {
    const docker = new Engine(
      { id: "a", connection: "tcp://127.0.0.1:1", sshOptions: [], tls: "docker" },
      callerOf({ TF_VAR_docker_ca: "ca" }),
    );
    await expect(docker.check()).rejects.toMatchObject({
      code: "tls-material",
      said: "TF_VAR_docker_cert is not set",
      remedy: expect.stringContaining("set TF_VAR_docker_cert") as string,
    });
  });

  it("by ssh needs ssh", async () => {
    const docker = new Engine(
      { id: "a", connection: "ssh://a", sshOptions: [] },
      callerOf({ PATH: "/nowhere" }),
    );
    await expect(docker.check()).rejects.toMatchObject({ code: "ssh-missing" });
  });

  it("tells a container that isn't there from a file that isn't", async () => {
    const docker = await start({
      containers: { a: {} },
      answer: (_method, path) =>
        path.endsWith("/archive") ? { status: path.startsWith("/containers/a/") ? 200 : 404 } : undefined,
    });
    expect(await hasFile(docker, "a", "/etc/passwd")).toBe(true);
    await expect(hasFile(docker, "b", "/etc/passwd")).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("a connection to an engine that was kept", () => {
  let server: Server | undefined;
  afterEach(() => new Promise((resolve) => server?.close(resolve)));

  it("and is closed meanwhile costs a question nothing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pg-dist-engine-"));
    const body = JSON.stringify({ ApiVersion: "1.41" });
    const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    let connections = 0;
    server = createServer((socket: Socket) => {
      connections += 1;
      let asked = 0;
      socket.on("error", () => undefined);
      socket.on("data", () => ((asked += 1) === 1 ? socket.write(answer) : socket.destroy()));
    });
    server.listen(join(folder, "docker.sock"));
    const connection = `unix://${join(folder, "docker.sock")}`;
    const docker = new Engine({ id: "a", connection, sshOptions: [] }, callerOf({}));
    await docker.check();
    expect(await docker.json({ operation: "info", path: "/info" })).toEqual({ ApiVersion: "1.41" });
    expect(connections).toBe(2);
    docker.close();
    rmSync(folder, { recursive: true });
  });
});

describe("a process in a container", () => {
  it("gets its input, and gives its two streams and its exit code", async () => {
    const docker = await start({
      containers: { a: {} },
      exec: (container, command, input) => ({
        stdout: `${container} ${command.join(" ")}`,
        stderr: `read ${input}`,
        code: 3,
      }),
    });
    expect(await exec(docker, "a", ["cat", "-n"], { input: "words" })).toEqual({
      ...{ stdout: "a cat -n", stderr: "read words", code: 3, timedOut: false },
    });
  });
});

describe("a pull", () => {
  const pulls = (lines: readonly object[]): FakeAnswers => ({
    answer: (_method, path) =>
      path === "/images/create"
        ? { bytes: Buffer.from(lines.map((line) => `${JSON.stringify(line)}\r\n`).join("")) }
        : undefined,
  });

  it("tells how much is here, of all its layers", async () => {
    const step = (id: string, current: number) => ({ id, progressDetail: { current, total: 100 } });
    const docker = await start(pulls([{ status: "Pulling" }, step("a", 10), step("b", 20), step("a", 50)]));
    const told: number[] = [];
    await pullImage(docker, "registry.internal/citus:1", ({ current }) => told.push(current));
    expect(told).toEqual([10, 30, 70]);
  });

  it("fails where the registry says so after the engine has said yes", async () => {
    const docker = await start(pulls([{ error: "manifest unknown" }]));
    await expect(pullImage(docker, "citus:1", () => undefined)).rejects.toMatchObject({
      said: "manifest unknown",
    });
  });
});

describe("what docker login has stored", () => {
  const home = mkdtempSync(join(tmpdir(), "pg-dist-home-"));
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it("goes to the engine with a pull from that registry", async () => {
    mkdirSync(join(home, ".docker"));
    const auth = Buffer.from("me:se:cret").toString("base64");
    const config = JSON.stringify({ auths: { "registry.internal:5000": { auth } } });
    writeFileSync(join(home, ".docker", "config.json"), config);
    const docker = await start({}, { HOME: home, PATH: process.env["PATH"] });
    expect(read(await registryAuth(docker, "registry.internal:5000/citus"))).toEqual({
      ...{ username: "me", password: "se:cret", serveraddress: "registry.internal:5000" },
    });
    expect(await registryAuth(docker, "citusdata/citus")).toBeUndefined();
  });

  const read = (auth: string | undefined) =>
    JSON.parse(Buffer.from(auth ?? "", "base64url").toString()) as unknown;
});

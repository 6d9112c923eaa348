import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../../../testbed/command";
import { forwardToDocker, type DockerForwarder } from "../../../testbed/stand-in-provider/docker-forwarder";
import { startStandInProvider, type StandInProvider } from "../../../testbed/stand-in-provider/index";
import { removeLeftovers, SOCKET, uniqueName } from "../../../testbed/stand-in-provider/test-engine";
import {
  TerraformWorkspace,
  type Configuration,
} from "../../../testbed/stand-in-provider/terraform-workspace";

const name = uniqueName();
const directory = mkdtempSync(path.join(tmpdir(), `${name}-`));
const LOCAL = { host: `unix://${SOCKET}` };

let provider: StandInProvider;
let workspace: TerraformWorkspace;

beforeAll(async () => {
  // In place of ssh: notes its arguments, and reaches the local engine for every host but "down".
  const ssh = `#!/bin/sh
echo "$*" >> ${directory}/ssh.log
case "$*" in *"-- down "*) echo "ssh: no route to down" >&2; exit 255;; esac
exec docker --host unix://${SOCKET} system dial-stdio`;
  writeFileSync(path.join(directory, "ssh"), ssh);
  chmodSync(path.join(directory, "ssh"), 0o755);
  vi.stubEnv("PATH", `${directory}:${process.env.PATH ?? ""}`);
  provider = await startStandInProvider();
});
afterAll(async () => {
  await provider?.stop();
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  workspace = new TerraformWorkspace(provider.env);
});
afterEach(async () => {
  try {
    await workspace.remove({
      provider: { docker: [LOCAL, ...["a", "b"].map((alias) => ({ alias, ...LOCAL }))] },
    });
  } finally {
    await removeLeftovers(name);
  }
});

const named = (alias: string, key: string) => ({ provider: `docker.${alias}`, name: `${name}-${key}` });
const volumesOn = (a: Configuration, b: Configuration) => ({
  provider: {
    docker: [
      { alias: "a", ...a },
      { alias: "b", ...b },
    ],
  },
  resource: { docker_volume: { a: named("a", "a"), b: named("b", "b") } },
});

describe("two aliases", () => {
  it("each reach their own host, one by tcp and one by ssh with its options", async () => {
    const tcp = await forwardToDocker(SOCKET);
    const ssh = { host: "ssh://citus@server-b:2222", ssh_opts: ["-o", "BatchMode=yes"] };
    await workspace.write(volumesOn({ host: `tcp://127.0.0.1:${tcp.port}` }, ssh));
    await workspace.apply();
    expect(await workspace.plan()).toEqual({});
    expect(tcp.connections()).toBeGreaterThan(0);
    expect(readFileSync(path.join(directory, "ssh.log"), "utf8").split("\n")[0]).toBe(
      "-o BatchMode=yes -o ConnectTimeout=30 -T -l citus -p 2222 -- server-b docker system dial-stdio",
    );
    await tcp.close();
    await expect(workspace.plan()).rejects.toThrow(`127.0.0.1:${tcp.port}`);
    expect(await workspace.plan("-target=docker_volume.b")).toEqual({});
  });

  it("fail with ssh's own words when a host is down, and the other host's resources are made", async () => {
    await workspace.write(volumesOn(LOCAL, { host: "ssh://root@down" }));
    await expect(workspace.apply()).rejects.toThrow(/Error pinging Docker server.*ssh: no route to down/s);
    expect(await workspace.terraform("state", "list")).toBe("docker_volume.a");
  });

  it("lose a network that can't be looked up, unless the engine is checked first", async () => {
    const network = (host: string, disable_docker_daemon_check: boolean) => ({
      provider: { docker: [{ alias: "a", host, disable_docker_daemon_check }] },
      resource: { docker_network: { a: named("a", "a") } },
    });
    await workspace.write(network(LOCAL.host, true));
    await workspace.apply();
    await workspace.write(network("ssh://root@down", false));
    await expect(workspace.plan()).rejects.toThrow("Error pinging Docker server");
    await workspace.write(network("ssh://root@down", true));
    expect(await workspace.plan()).toEqual({ "docker_network.a": "create" });
  });

  it("of one host over ssh serve many resources at once", async () => {
    const keys = Array.from({ length: 12 }, (_, index) => `many-${index}`);
    await workspace.write({
      provider: { docker: { alias: "a", host: "ssh://root@server-a" } },
      resource: { docker_volume: Object.fromEntries(keys.map((key) => [key, named("a", key)])) },
    });
    await workspace.apply();
    expect(await workspace.plan()).toEqual({});
  });
});

describe("tcp with certificates", () => {
  const file = (certificate: string) => path.join(directory, certificate);
  const read = (certificate: string) => readFileSync(file(certificate), "utf8");
  let engine: DockerForwarder;

  beforeAll(async () => {
    for (const who of ["ca", "other-ca"])
      await openssl("-x509", "-subj", `/CN=${who}`, ...key(who), ...out(who));
    for (const who of ["server", "client"]) {
      const signed = ["-x509", "-CA", file("ca.pem"), "-CAkey", file("ca-key.pem")];
      const names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"];
      await openssl(...signed, "-subj", `/CN=${who}`, ...names, ...key(who), ...out(who));
    }
    const server = { cert: read("server.pem"), key: read("server-key.pem"), ca: read("ca.pem") };
    engine = await forwardToDocker(SOCKET, { ...server, requestCert: true, rejectUnauthorized: true });
  });
  afterAll(() => engine?.close());

  const key = (who: string) => ["-keyout", file(`${who}-key.pem`)];
  const out = (who: string) => ["-out", file(`${who}.pem`)];
  const openssl = (...args: string[]) =>
    run("openssl", ["req", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...args]);
  const tls = (ca: string, changes: Configuration = {}) => ({
    host: `tcp://127.0.0.1:${engine.port}`,
    ca_material: read(ca),
    cert_material: read("client.pem"),
    key_material: read("client-key.pem"),
    ...changes,
  });

  it("reaches an engine that wants a client's certificate", async () => {
    await workspace.write(volumesOn(tls("ca.pem"), LOCAL));
    await workspace.apply();
    expect(await workspace.plan()).toEqual({});
  });

  it.each([
    ["an engine with another CA's certificate", () => tls("other-ca.pem"), /certificate/],
    ["a certificate without its key", () => tls("ca.pem", { key_material: "" }), /must be given together/],
    [
      "an engine that wants a certificate and gets none",
      () => ({ host: tls("ca.pem").host }),
      /Cannot reach/,
    ],
  ])("refuses %s", async (_what, address, message) => {
    await workspace.write(volumesOn(address(), LOCAL));
    await expect(workspace.apply()).rejects.toThrow(message);
  });
});

it("ends when the process that started it was killed", async () => {
  const script = path.join(directory, "starter.ts");
  const index = JSON.stringify(path.join(__dirname, "../../../testbed/stand-in-provider/index.ts"));
  writeFileSync(
    script,
    `import { startStandInProvider } from ${index};
     void startStandInProvider().then(({ env }) => console.log(env.TF_REATTACH_PROVIDERS));
     setInterval(() => undefined, 1000);`,
  );
  const tsx = createRequire(__filename).resolve("tsx");
  const starter = spawn(process.execPath, ["--import", tsx, script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface(starter.stdout), "line")) as [string];
  const { Pid: pid } = Object.values(JSON.parse(line) as Record<string, { Pid: number }>)[0] ?? { Pid: 0 };
  expect(() => process.kill(pid, 0)).not.toThrow();
  starter.kill("SIGKILL");
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), { timeout: 60_000 });
});

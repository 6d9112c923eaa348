import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../testbed/command";
import type { TestHost } from "../../testbed/test-host";
import { imageId } from "../../testbed/image-template";
import {
  CACHE_ROOT,
  dataDirectory,
  DATA_ROOT,
  readStates,
  runDirectory,
  RUN_ROOT,
} from "../../testbed/state";
import { Testbed } from "../../testbed/testbed";
import { fetchCommand, makeTinyImage, removeTinyImage, TINY_IMAGE } from "../../testbed/tiny-image";

const ALIAS = "pg-dist/testbed-tiny-alias:1";

let bed: Testbed;
let a: TestHost;
let b: TestHost;

beforeAll(async () => {
  await makeTinyImage();
  bed = await Testbed.start({
    hosts: ["server-a", "server-b"],
    names: { "server-b": ["server-b.example.com", "coordinator.internal"] },
    parts: { image: { tag: TINY_IMAGE, alsoAs: [ALIAS] } },
  });
  [a, b] = [host("server-a"), host("server-b")];
  await b.docker("network", "create", "citus");
  await b.docker(
    ...["run", "-d", "--name", "answers", "--network", "citus", "-p", "5432:80", "--stop-timeout", "0"],
    ...[TINY_IMAGE, "sh", "-c", "echo hello from b > /index.html; exec httpd -f -p 80 -h /"],
  );
  await a.docker("network", "create", "citus");
  await a.docker("run", "-d", "--name", "asks", "--network", "citus", TINY_IMAGE, "sleep", "1d");
});

afterAll(async () => {
  await bed?.stop();
  if (bed?.state.template) rmSync(bed.state.template, { recursive: true, force: true });
  await removeTinyImage();
});

function host(id: string): TestHost {
  const found = bed.hosts[id];
  if (!found) throw new Error(`no host ${id}`);
  return found;
}

/** In seconds: for an answer that comes, on a busy machine too, and for none. */
const PATIENT = 60;
const BRIEF = 2;

const fetchFrom = (client: TestHost, container: string, address: string, seconds = PATIENT) =>
  client.docker("exec", container, ...fetchCommand(address, 5432, seconds));

describe("ssh", () => {
  it("reaches each host's own engine through docker system dial-stdio", async () => {
    for (const each of [a, b]) {
      const name = await run("docker", ["--host", each.connection, "info", "--format", "{{.Name}}"], {
        env: bed.sshEnvironment,
      });
      expect(name).toBe(each.id);
    }
  });

  it("runs commands with the options that the provider gets", async () => {
    const shown = await run("ssh", [
      ...bed.sshOptions,
      `root@${a.address}`,
      "docker",
      "ps",
      "--format",
      "{{.Names}}",
    ]);
    expect(shown).toBe("asks");
  });

  it("gives every engine an id of its own", async () => {
    const ids = await Promise.all([a, b].map((each) => each.docker("info", "--format", "{{.ID}}")));
    expect(new Set(ids).size).toBe(2);
  });
});

describe("network", () => {
  it("lets a container reach another host's published port by name", async () => {
    expect(await fetchFrom(a, "asks", "coordinator.internal")).toContain("hello from b");
  });

  it("lets a container reach its own host's published port", async () => {
    expect(await fetchFrom(b, "answers", b.address)).toContain("hello from b");
  });

  it("answers that an unknown name doesn't exist, and follows a changed one", async () => {
    const server = bed.dns;
    expect(await server.lookup("moved.example.com")).toBeUndefined();
    await server.set("moved.example.com", a.address);
    await expect(fetchFrom(a, "asks", "moved.example.com")).rejects.toThrow(/Connection refused/);
    await server.set("moved.example.com", b.address);
    expect(await fetchFrom(a, "asks", "moved.example.com")).toContain("hello from b");
    await server.remove("moved.example.com");
    await expect(fetchFrom(a, "asks", "moved.example.com")).rejects.toThrow(/Name or service not known/);
  });

  it("cuts a host off and connects it again", async () => {
    await bed.cut("server-b");
    await expect(fetchFrom(a, "asks", b.address, BRIEF)).rejects.toThrow(/exit code 124|No route to host/);
    expect(await b.docker("ps", "--format", "{{.Names}}")).toBe("answers");
    await bed.restore("server-b");
    expect(await fetchFrom(a, "asks", b.address)).toContain("hello from b");
  });

  it.each([
    ["another host", "server-a", (seconds: number) => fetchFrom(a, "asks", b.address, seconds)],
    ["the host itself", "server-b", (seconds: number) => fetchFrom(b, "answers", b.address, seconds)],
    ["the root namespace", "root", fetchFromHere],
  ])("blocks one port from %s and lets it through again", async (_who, from, ask) => {
    await bed.blockTcp(from, "server-b", 5432);
    await expect(ask(BRIEF)).rejects.toThrow(/exit code 124|timeout/);
    await bed.unblock(from, "server-b", 5432);
    expect(await ask(PATIENT)).toMatch(/hello from b/);
  });
});

async function fetchFromHere(seconds: number): Promise<string> {
  const answer = await fetch(`http://${b.address}:5432/`, { signal: AbortSignal.timeout(seconds * 1000) });
  return answer.text();
}

describe("containers", () => {
  it("obey their limits", async () => {
    const limits = ["--memory", "64m", "--cpus", "0.5", "--pids-limit", "50"];
    await a.docker("run", "-d", "--name", "limited", ...limits, TINY_IMAGE, "sleep", "1d");
    const hog = a.docker("exec", "limited", "dd", "if=/dev/zero", "of=/dev/null", "bs=128M", "count=1");
    await expect(hog).rejects.toThrow(/exit code 137/);
    const quota = "cd /sys/fs/cgroup; cat cpu.max cpu/cpu.cfs_quota_us 2>/dev/null || true"; // version 2 or 1
    expect(await a.docker("exec", "limited", "sh", "-c", quota)).toMatch(/^50000\b/);
    const forks = "for i in $(seq 1 60); do sleep 60 & done";
    await expect(a.docker("exec", "limited", "sh", "-c", forks)).rejects.toThrow(/can't fork/);
    await a.docker("rm", "-f", "limited");
  });

  it("find their image under its further name, which the local engine doesn't get", async () => {
    expect(await imageId(ALIAS, a.socket)).toBe(await imageId(TINY_IMAGE));
    expect(await imageId(ALIAS)).toBeUndefined();
  });

  it("never write to the image template or to another host", async () => {
    const template = bed.state.template ?? "";
    expect(template.startsWith(CACHE_ROOT)).toBe(true);
    const before = checksum(template);
    const spoil = "echo spoilt >> /etc/marker; chmod 700 /bin/bash; rm -r /tmp; touch /new";
    await a.docker("exec", "asks", "sh", "-c", spoil);
    const changes = (await a.docker("diff", "asks")).split("\n").sort();
    expect(changes).toEqual(["A /new", "C /bin", "C /bin/bash", "C /etc", "C /etc/marker", "D /tmp"]);
    expect(checksum(template)).toBe(before);
    expect(await b.docker("run", "--rm", TINY_IMAGE, "cat", "/etc/marker")).toBe("marker");
    await expect(a.exec("touch", join(template, "x"))).rejects.toThrow(/Read-only/);
    await a.docker("rm", "-f", "asks");
    await a.docker("image", "rm", TINY_IMAGE, ALIAS);
    expect(checksum(template)).toBe(before);
    await bed.loadImage(TINY_IMAGE);
    expect(await a.docker("run", "--rm", TINY_IMAGE, "cat", "/etc/marker")).toBe("marker");
  });
});

const checksum = (directory: string) =>
  execFileSync("sh", ["-c", `cd ${directory} && tar --sort=name -c . | sha256sum`], { encoding: "utf8" });

describe("the end", () => {
  it("leaves nothing when the testbed is stopped", async () => {
    const other = await Testbed.start({ hosts: ["only"], images: [TINY_IMAGE] });
    const only = other.hosts.only;
    await only?.docker("run", "-d", "-m", "64m", TINY_IMAGE, "sleep", "1d");
    const { uplink, namespaces } = other.state;
    expect(existsSync(`/sys/class/net/${uplink}`)).toBe(true);
    await other.stop();
    expectNothingOf(other.id, uplink ?? "");
    expect(namespaces.length).toBe(6);
  });

  it.each(["SIGTERM", "SIGKILL"] as const)("leaves nothing when its process gets %s", async (signal) => {
    const script = `
      const { Testbed } = require(${JSON.stringify(join(__dirname, "../../testbed/testbed.ts"))});
      Testbed.start({ hosts: ["orphan"], images: [${JSON.stringify(TINY_IMAGE)}] }).then(async (bed) => {
        await bed.hosts.orphan.docker("run", "-d", "-m", "64m", ${JSON.stringify(TINY_IMAGE)}, "sleep", "1d");
        console.log(bed.id);
        setInterval(() => {}, 1000);
      });`;
    const child = spawn(process.execPath, ["--import", "tsx", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const id = await new Promise<string>((resolve, reject) => {
      child.stdout.once("data", (data: Buffer) => resolve(data.toString().trim()));
      child.once("exit", (code) => reject(new Error(`ended with ${code}`)));
    });
    const state = readStates().find((each) => each.id === id);
    const ended = new Promise((resolve) => child.once("exit", (code, by) => resolve(by)));
    child.kill(signal);
    expect(await ended).toBe(signal);
    if (signal === "SIGKILL") expect(await Testbed.sweep()).toContain(id);
    expectNothingOf(id, state?.uplink ?? "none");
  });
});

function expectNothingOf(id: string, uplink: string): void {
  expect(readdirSync(RUN_ROOT).filter((name) => name.startsWith(id))).toEqual([]);
  expect(readdirSync(DATA_ROOT)).not.toContain(id);
  expect([existsSync(dataDirectory(id)), existsSync(runDirectory(id))]).toEqual([false, false]);
  expect(existsSync(`/sys/class/net/${uplink}`)).toBe(false);
  expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(id);
  const commandLines = readdirSync("/proc").filter(
    (pid) => /^\d+$/.test(pid) && commandLine(pid).includes(id),
  );
  expect(commandLines).toEqual([]);
  expect(execFileSync("find", ["/sys/fs/cgroup", "-name", `*${id}`], { encoding: "utf8" })).toBe("");
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const PROGRAM = join(__dirname, "../../../dist", "pg-dist.mjs");

let folder = "";
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "pg-dist-orphan-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What Terraform does at an interrupt: it kills the shell of its local-exec, and nothing else. */
test("the program ends when the shell that started it is killed", async () => {
  // A server that takes the connection and says nothing.
  const server = createServer((socket) => socket.on("error", () => undefined));
  const connected = new Promise<void>((resolve) => server.once("connection", () => resolve()));
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
  );
  const file = join(folder, "cluster.json");
  writeFileSync(file, JSON.stringify(cluster(port)));
  const shell = spawn(
    "/bin/sh",
    ["-c", `"${process.execPath}" "${PROGRAM}" register --cluster "${file}" & echo $!; wait`],
    { env: { PATH: process.env["PATH"], TF_VAR_postgres_password: "made-up", PGDIST_VIA: "direct" } },
  );
  const pid = await new Promise<number>((resolve) =>
    shell.stdout.once("data", (chunk: Buffer) => resolve(Number(chunk.toString()))),
  );
  await connected;
  expect(isAlive(pid)).toBe(true);
  shell.kill("SIGKILL");
  await expect.poll(() => isAlive(pid), { timeout: 15_000 }).toBe(false);
  server.close();
}, 30_000);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function cluster(port: number): object {
  const endpoint = { host: "127.0.0.1", port };
  return {
    ...{ name: "citus", environment: "test", user: "postgres", database: "postgres" },
    ...{ protected: false, ephemeral: true, rollout: "all-at-once", rebalance: "manual" },
    hosts: [{ id: "local", connection: "unix:///var/run/docker.sock", sshOptions: [] }],
    nodes: [
      {
        ...{ id: "local/coordinator", host: "local", name: "coordinator", role: "coordinator" },
        ...{ container: "citus-coordinator", endpoint, published: { ip: "127.0.0.1", port } },
        ...{ image: "citusdata/citus:13.0.3", settings: {} },
      },
    ],
  };
}

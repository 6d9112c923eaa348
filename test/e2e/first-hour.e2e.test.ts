import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CitusContainers, describeOnCitus, docker } from "../fixtures/citus-containers";
import { CitusProject } from "../fixtures/citus-project";

const run = promisify(execFile);
const ROOT = join(__dirname, "../..");

interface Block {
  readonly kind: string;
  readonly text: string;
}

/** The page's blocks of commands, in their order. */
function blocks(): Block[] {
  const page = readFileSync(join(ROOT, "docs/first-hour.md"), "utf8");
  return [...page.matchAll(/^```bash ?(\w*)\n([\s\S]*?)^```$/gm)].map(([, kind = "", text = ""]) => ({
    kind,
    text,
  }));
}

describeOnCitus("the page of the first hour", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);
  let bin = "";
  let port = "";
  /** What the page has in its shell by now. */
  let kept = "";

  beforeAll(async () => {
    await citus.create();
    await Promise.all(["coordinator", "worker1", "worker2", "worker3"].map((name) => citus.start(name)));
    expect((await citus.register(await citus.cluster(["worker1", "worker2"]))).code).toBe(0);
    await project.declare(["worker1", "worker2"]);
    port = (await docker("port", citus.container("coordinator"), "5432/tcp")).split(":").at(-1) ?? "";
    bin = mkdtempSync(join(tmpdir(), "pg-dist-bin-"));
    // As npx finds it in a project.
    const npx = `#!/bin/sh\nshift\nexec ${process.execPath} ${join(ROOT, "bin/pg-dist.mjs")} "$@"\n`;
    writeFileSync(join(bin, "npx"), npx, { mode: 0o755 });
    // This machine needs no psql of its own.
    const psql = `#!/bin/sh\nexec docker exec -i -e PGPASSWORD ${citus.container("coordinator")} psql "$@"\n`;
    mkdirSync(join(bin, "client"));
    writeFileSync(join(bin, "client", "psql"), psql, { mode: 0o755 });
    // Two environments of one cluster are refused.
    rmSync(project.path("environments/test.ts"));
    await declareLocal(["worker1", "worker2"]);
  }, 180_000);

  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
    rmSync(bin, { recursive: true, force: true });
  });

  const declareLocal = async (workers: readonly string[]) => {
    const environment = {
      name: "local",
      cluster: citus.prefix,
      hosts: { local: { connection: "unix:///var/run/docker.sock" } },
      coordinator: { host: "local", port: Number(port) },
      workers: { local: Object.fromEntries(workers.map((name) => [name, {}])) },
      ephemeral: true,
    };
    await project.file("environments/local.ts", `export const local = ${JSON.stringify(environment)};\n`);
  };

  /** One block as bash, with the variables that the blocks before it have exported. */
  const inShell = async (text: string): Promise<string> => {
    const { cwd, env } = project.command();
    const file = join(bin, "block.sh");
    const state = join(bin, "state.sh");
    writeFileSync(file, `${kept}\nset -eo pipefail\n${text}\nexport -p > ${state}\n`);
    // pg-dist would take it for a psql that reaches what it is told.
    const folders = [
      bin,
      ...(text.includes("npx pg-dist psql") ? [] : [join(bin, "client")]),
      process.env["PATH"],
    ];
    const options = { cwd, env: { ...env, PATH: folders.join(delimiter) }, maxBuffer: 1 << 24 };
    const { stdout, stderr } = await run("bash", [file], options).catch((error: unknown) => {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${text}\n${stdout}\n${stderr}`);
    });
    kept = readFileSync(state, "utf8").replace(/^declare -x PATH=.*$/m, "");
    return stdout + stderr;
  };

  test("is true, command by command", async () => {
    const said: string[] = [];
    for (const { kind, text } of blocks()) {
      if (kind === "deploy") {
        // What Terraform does is its containers, which are there, and the registration.
        const workers = ["worker1", "worker2", "worker3"];
        await declareLocal(workers);
        const { code, output } = await citus.register(await citus.cluster(workers));
        expect(code, output).toBe(0);
        expect(output).toContain("role app: password for the other nodes stored on local/worker3");
      } else said.push(await inShell(text));
    }
    const output = said.join("\n");
    expect(said).toHaveLength(7);
    expect(output).toContain("connections between nodes work as app");
    expect(output).toContain("Austria|500\nSwitzerland|500");
    expect(output).toContain("Healthy.");
    expect(output).toContain("Every connection works.");
    expect(output).toMatch(/16 of 16 pairs healthy/);
  }, 300_000);
});

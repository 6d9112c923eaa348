import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import { findParts, type Parts } from "../../testbed/parts";
import { Testbed } from "../../testbed/testbed";
import { filesIn } from "../synthesis";
import { Sshd } from "../fixtures/sshd";
import { containersOf } from "./containers";
import { type CommandResult, Deployment, finished } from "./deployment";
import { hostOptions } from "./production-hosts";

/** Where a runner finds what it downloads: by whom Terraform gets to the registry, where providers aren't installed. */
const DOWNLOADS = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "SSL_CERT_FILE",
];

/**
 * What a remote run has: a copy of the stack's folder, another one each time, Terraform, Node, and ssh. No project, no npm
 * packages, no docker command, and none of the variables that a shell has. Steps in their order.
 */
describe("the stack's folder alone", () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "pg-dist-alone-"));
  const state = join(elsewhere, "kept", "alone.tfstate");
  const sshCalls = join(elsewhere, "ssh-calls");
  let parts: Parts;
  let bed: Testbed;
  let bastion: Sshd;
  let deployment: Deployment;
  let runs = 0;
  let folder = "";

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    bed = await Testbed.start({ hosts: ["server-a", "server-b"], tls: ["server-a"], parts });
    bastion = await Sshd.start();
    await addDeployer("server-b");
    deployment = new Deployment(environmentOf(), parts.env, parts.terraform.path);
    makeRunner();
  });

  afterAll(async () => {
    await bastion?.stop();
    await bed?.stop();
    deployment?.remove();
    await parts?.stop();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  it("plans and applies", async () => {
    await synthElsewhere();
    const { output } = await terraform("plan", "-out=run.plan");
    expect(output).toMatch(/^Plan: \d+ to add, 0 to change, 0 to destroy\.$/m);
    expect((await terraform("apply", "run.plan")).output).toContain("9 of 9 pairs healthy");
    await deployment.query("CREATE TABLE public.item (id bigint PRIMARY KEY)");
    await deployment.query("SELECT create_distributed_table('public.item', 'id', shard_count => 4)");
    await deployment.query("INSERT INTO public.item SELECT generate_series(1, 1000)");
    expect(await workersWithShards()).toHaveLength(2);
  });

  it("drains a worker that was dropped, from another folder", async () => {
    await synthElsewhere({ workers: { "server-a": 1 } });
    // As from a runner that reaches no node's port: by the coordinator's engine, and the material in the variables.
    const removed = await run(["apply", "-auto-approve"], { PGDIST_VIA: "exec" });
    expect(removed.exitCode, removed.output).toBe(0);
    expect(removed.output).toContain("docker exec citus-coordinator");
    expect(await workersWithShards()).toEqual([bed.hosts["server-a"]?.name]);
    expect(await deployment.query("SELECT count(*)::int FROM public.item")).toEqual([{ count: 1000 }]);
    expect((await containersOf(bed)).map(({ host, name }) => `${host} ${name}`)).toEqual([
      "server-a citus-coordinator",
      "server-a citus-worker1",
    ]);
  });

  it("has an empty plan then", async () => {
    expect((await terraform("plan", "-detailed-exitcode")).output).toContain("No changes.");
  });

  it("destroys with both keys only", async () => {
    await synthElsewhere({ workers: { "server-a": 1 }, protected: false });
    const refused = await run(["destroy", "-auto-approve"]);
    expect(refused.exitCode).toBe(1);
    expect(refused.output).toContain("PGDIST_DESTROY=alone");
    expect(await containersOf(bed)).toHaveLength(2);
    const destroyed = await run(["destroy", "-auto-approve"], { PGDIST_DESTROY: "alone" });
    expect(destroyed.exitCode, destroyed.output).toBe(0);
    expect(await containersOf(bed)).toEqual([]);
  });

  it("calls ssh for the server with an ssh:// connection, and for no other", ({ skip }) => {
    if (parts.providers.kind === "stand-in")
      skip("the stand-in runs beside Terraform, with a PATH of its own");
    const calls = readFileSync(sshCalls, "utf8").trim().split("\n");
    const to = (id: string) => calls.filter((call) => call.includes(bed.hosts[id]?.address ?? id));
    expect(to("server-b")).toEqual(calls);
  });

  /** An account that is no root and may use Docker, at home in a folder that the test host has for itself. */
  async function addDeployer(id: string): Promise<void> {
    const add = "useradd --system --create-home --home-dir /srv/deploy --groups docker deploy";
    const open = "usermod -p '*' deploy && chmod 644 /etc/ssh/testbed_authorized_keys";
    await bed.hosts[id]?.exec("sh", "-c", `${add} && ${open}`);
  }

  /**
   * The coordinator and a worker at an engine's port, which takes clients with a certificate, its material in variables; the
   * other worker by ssh through a bastion, as a user that isn't root.
   */
  function environmentOf(changes: Partial<Environment> = {}): Environment {
    const { address, bindAddress } = hostOptions(bed, "server-a");
    const serverB = hostOptions(bed, "server-b");
    return {
      name: "alone",
      hosts: {
        "server-a": {
          connection: bed.hosts["server-a"]?.tlsConnection ?? "",
          ...{ tls: "docker", address, bindAddress },
        },
        "server-b": {
          ...serverB,
          connection: serverB.connection.replace("root@", "deploy@"),
          // Without the testbed's own `-F none`: the last one counts.
          sshOptions: [...bastion.jumpOptions(), ...bed.sshOptions.slice(2)],
        },
      },
      coordinator: { host: "server-a" },
      workers: { "server-a": 1, "server-b": 1 },
      ...changes,
    };
  }

  /** Synthesizes as the project does, and brings the folder to a place where no run was before. */
  async function synthElsewhere(changes: Partial<Environment> = {}): Promise<void> {
    deployment.synth(environmentOf(changes));
    rmSync(folder, { recursive: true, force: true });
    folder = join(elsewhere, `run-${++runs}`);
    // Moved and not copied: a path back to where it was made would lead to nothing.
    renameSync(deployment.stackFolder, folder);
    for (const text of Object.values(filesIn(folder))) expect(text).not.toContain(process.cwd());
    // The path of the state that is declared leads to the project, which isn't there.
    await terraform("init", `-backend-config=path=${state}`);
  }

  /** @throws with the output where it fails */
  async function terraform(...args: string[]): Promise<CommandResult> {
    const result = await run(args);
    expect(result.exitCode, `terraform ${args.join(" ")}\n${result.output}`).toBe(0);
    return result;
  }

  function run([command = "", ...args]: readonly string[], keys: Record<string, string> = {}) {
    const { TERRAFORM_BINARY_NAME: _named, ...providers } = parts.env;
    const passed = DOWNLOADS.flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    );
    return finished(
      spawn(join(elsewhere, "bin", "terraform"), [command, "-no-color", ...args], {
        cwd: folder,
        env: {
          PATH: join(elsewhere, "bin"),
          HOME: join(elsewhere, "home"),
          TF_VAR_postgres_password: deployment.password,
          ...materialOf("server-a"),
          ...Object.fromEntries(passed),
          ...providers,
          ...keys,
        },
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
  }

  function materialOf(id: string): Record<string, string> {
    const material = Object.entries(bed.hosts[id]?.tls ?? {});
    return Object.fromEntries(material.map(([part, pem]) => [`TF_VAR_docker_${part}`, pem as string]));
  }

  function makeRunner(): void {
    const [bin, home] = ["bin", "home"].map((name) => join(elsewhere, name)) as [string, string];
    for (const each of [bin, home, join(elsewhere, "kept")]) mkdirSync(each);
    symlinkSync(parts.terraform.path, join(bin, "terraform"));
    symlinkSync(process.execPath, join(bin, "node"));
    writeFileSync(join(bin, "ssh"), `#!/bin/sh\necho "$*" >>${sshCalls}\nexec /usr/bin/ssh "$@"\n`);
    chmodSync(join(bin, "ssh"), 0o755);
    const plugins = join(homedir(), ".terraform.d");
    if (existsSync(plugins)) symlinkSync(plugins, join(home, ".terraform.d"));
  }

  async function workersWithShards(): Promise<string[]> {
    const rows = await deployment.query<{ nodename: string }>(
      "SELECT DISTINCT nodename FROM citus_shards WHERE table_name = 'public.item'::regclass ORDER BY 1",
    );
    return rows.map(({ nodename }) => nodename);
  }
});

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
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
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import { CommandError, run as runCommand } from "../../testbed/command";
import { findParts, type Parts } from "../../testbed/parts";
import { Testbed } from "../../testbed/testbed";
import { filesIn } from "../synthesis";
import { CommandLines } from "../fixtures/command-lines";
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
  /** What the runs said, and what `ps` showed meanwhile. */
  let said = "";
  const commandLines = new CommandLines();
  const rolePassword = randomBytes(12).toString("hex");

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    bed = await Testbed.start({ hosts: ["server-a", "server-b"], tls: ["server-a"], parts });
    bastion = await Sshd.start();
    await addDeployer("server-b");
    deployment = new Deployment(environmentOf(), parts.env, parts.terraform.path);
    makeRunner();
  });

  afterAll(async () => {
    commandLines.stop();
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
    await terraform("show", "run.plan");
    expect((await terraform("apply", "run.plan")).output).toContain("9 of 9 pairs healthy");
    await deployment.query("CREATE TABLE public.item (id bigint PRIMARY KEY)");
    await deployment.query("SELECT create_distributed_table('public.item', 'id', shard_count => 4)");
    await deployment.query("INSERT INTO public.item SELECT generate_series(1, 1000)");
    expect(await workersWithShards()).toHaveLength(2);
    await deployment.query(`CREATE ROLE app LOGIN PASSWORD '${rolePassword}'`);
  });

  it("drains a worker that was dropped, from another folder", async () => {
    await synthElsewhere({ workers: { "server-a": 1 }, ...declaredRoles() });
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
    await terraform("output", "-json");
    await terraform("show");
  });

  // docs/secrets.md says the same in words.
  it("has left its secrets in the known places, and in no other", async () => {
    const keyLines = (bed.hosts["server-a"]?.tls?.key ?? "")
      .split("\n")
      .filter((line) => /^\S{16,}$/.test(line));
    expect(keyLines.length).toBeGreaterThan(0);
    const secrets = { superuser: [deployment.password], role: [rolePassword], key: keyLines };
    const holding = (text: string) =>
      Object.entries(secrets).flatMap(([name, parts]) =>
        parts.some((part) => text.includes(part)) ? [name] : [],
      );

    // What is said: plan as text, apply, outputs, state as text; and who runs with which arguments.
    expect(said).toContain("pairs healthy");
    expect(holding(said)).toEqual([]);
    expect(commandLines.has("pg-dist.mjs register")).toBe(true);
    expect(commandLines.with(Object.values(secrets).flat())).toEqual([]);

    // What is written: the stacks' folders, the state, the home, the folder for temporary files.
    const everything = Object.values(secrets).flat();
    const files = (await filesWith(everything, "grep", ["-rlF", "-f", "-", elsewhere])).map(
      (path) => [relative(elsewhere, path), holding(readFileSync(path, "utf8"))] as const,
    );
    // The provider reads a container's environment back, which has the initial password.
    expect(Object.fromEntries(files)).toEqual({
      "kept/alone.tfstate": ["superuser"],
      "kept/alone.tfstate.backup": ["superuser"],
    });
    // A saved plan has the values of all variables, as the apply needs them, and Terraform shows them as JSON in clear.
    await terraform("plan", "-out=run.plan");
    const before = said;
    const { output: json } = await terraform("show", "-json", "run.plan");
    said = before;
    const role = declaredRoles().roles === undefined ? [] : ["role"];
    expect(holding(json)).toEqual(["superuser", ...role, "key"]);
    rmSync(join(folder, "run.plan"));

    for (const { host: id, name } of await containersOf(bed)) {
      const host = bed.hosts[id];
      expect(holding((await host?.docker("logs", name)) ?? "")).toEqual([]);
      // The image makes its database with it; PostgreSQL and whoever is asked in the container inherit it.
      expect(holding((await host?.docker("inspect", name)) ?? "")).toEqual(["superuser"]);
      // pg_dist_authinfo, by which nodes log in to each other, and the log of changes.
      const places = "/tmp /run /root /home /etc /var/log /var/lib/postgresql";
      const found = await filesWith(everything, "docker", [
        ...["--host", `unix://${host?.socket ?? ""}`, "exec", "-i", name],
        ...["sh", "-c", `grep -rlF -f - ${places} 2>/dev/null; true`],
      ]);
      expect(found).not.toEqual([]);
      expect(
        found.filter((file) => !/^\/var\/lib\/postgresql\/\d+\/docker\/(base|pg_wal)\//.test(file)),
      ).toEqual([]);
    }
    for (const host of Object.values(bed.hosts)) {
      const pid = String(host.namespaces.pid);
      const found = await filesWith(everything, "nsenter", [
        ...["--target", pid, "--mount", "--", "sh", "-c"],
        "grep -rlF -f - /run/*.log /etc/ssh /tmp /root /srv 2>/dev/null; true",
      ]);
      // The engine's own, while a process starts in a container: of root, and gone with the start.
      expect(found.filter((file) => !file.startsWith("/tmp/runc-process"))).toEqual([]);
    }
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

  /** In the stand-in's image no other role than the superuser reaches another node. */
  function declaredRoles(): Pick<Environment, "roles"> {
    return parts.image.kind === "stand-in" ? {} : { roles: ["app"] };
  }

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

  async function run([command = "", ...args]: readonly string[], keys: Record<string, string> = {}) {
    const { TERRAFORM_BINARY_NAME: _named, ...providers } = parts.env;
    const passed = DOWNLOADS.flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    );
    const result = await finished(
      spawn(join(elsewhere, "bin", "terraform"), [command, "-no-color", ...args], {
        cwd: folder,
        env: {
          PATH: join(elsewhere, "bin"),
          HOME: join(elsewhere, "home"),
          TMPDIR: join(elsewhere, "tmp"),
          TF_VAR_postgres_password: deployment.password,
          TF_VAR_role_passwords: JSON.stringify({ app: rolePassword }),
          ...materialOf("server-a"),
          ...Object.fromEntries(passed),
          ...providers,
          ...keys,
        },
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
    said += result.output;
    return result;
  }

  function materialOf(id: string): Record<string, string> {
    const material = Object.entries(bed.hosts[id]?.tls ?? {});
    return Object.fromEntries(material.map(([part, pem]) => [`TF_VAR_docker_${part}`, pem as string]));
  }

  function makeRunner(): void {
    const [bin, home] = ["bin", "home"].map((name) => join(elsewhere, name)) as [string, string];
    for (const each of [bin, home, join(elsewhere, "kept"), join(elsewhere, "tmp")]) mkdirSync(each);
    symlinkSync(parts.terraform.path, join(bin, "terraform"));
    symlinkSync(process.execPath, join(bin, "node"));
    writeFileSync(join(bin, "ssh"), `#!/bin/sh\necho "$*" >>${sshCalls}\nexec /usr/bin/ssh "$@"\n`);
    chmodSync(join(bin, "ssh"), 0o755);
    const plugins = join(homedir(), ".terraform.d");
    if (existsSync(plugins)) symlinkSync(plugins, join(home, ".terraform.d"));
  }

  /** Which files a grep names. The texts go to its standard input: command lines are looked at. */
  async function filesWith(texts: readonly string[], command: string, args: readonly string[]) {
    const found = await runCommand(command, args, { input: texts.join("\n") }).catch((error: unknown) => {
      // Nothing found.
      if (error instanceof CommandError && error.exitCode === 1) return "";
      throw error;
    });
    return found.split("\n").filter((line) => line !== "");
  }

  async function workersWithShards(): Promise<string[]> {
    const rows = await deployment.query<{ nodename: string }>(
      "SELECT DISTINCT nodename FROM citus_shards WHERE table_name = 'public.item'::regclass ORDER BY 1",
    );
    return rows.map(({ nodename }) => nodename);
  }
});

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, test } from "vitest";

const SSHD = "/usr/sbin/sshd";

/** Tests that need an sshd. Where there can be none they are one skipped test with the reason. */
export function describeOverSsh(title: string, tests: () => void): void {
  const reason = Sshd.missing();
  describe(title, () => {
    if (reason === undefined) tests();
    else test("with an sshd of its own", ({ skip }) => skip(reason));
  });
}

/** An sshd on a loopback port, with keys of its own, that lets the user of this process in. */
export class Sshd {
  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /** Why there can be none; undefined when there can. */
  static missing(): string | undefined {
    if (!existsSync(SSHD)) return `needs ${SSHD} (openssh-server)`;
    return process.getuid?.() === 0 ? undefined : "needs root for sshd";
  }

  /** @param settings lines of sshd_config, which win over the others */
  static async start(settings: readonly string[] = []): Promise<Sshd> {
    const folder = mkdtempSync(join(tmpdir(), "pg-dist-sshd-"));
    for (const key of ["host", "id", "stranger"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, key)]);
    }
    copyFileSync(join(folder, "id.pub"), join(folder, "authorized"));
    const port = await freePort();
    const config = [
      ...settings,
      ...[
        "ListenAddress 127.0.0.1",
        `Port ${port}`,
        `HostKey ${join(folder, "host")}`,
        "PidFile none",
        "UsePAM yes",
      ],
      ...[
        `AuthorizedKeysFile ${join(folder, "authorized")}`,
        "StrictModes no",
        "PermitRootLogin prohibit-password",
      ],
      ...["PasswordAuthentication no", "KbdInteractiveAuthentication no"],
    ];
    writeFileSync(join(folder, "config"), `${config.join("\n")}\n`);
    mkdirSync("/run/sshd", { recursive: true });
    const child = spawn(SSHD, ["-D", "-e", "-f", join(folder, "config")], { stdio: "ignore" });
    const sshd = new Sshd(folder, child, port);
    while (!(await accepts(port))) {
      if (child.exitCode !== null) throw new Error(`sshd ended with ${child.exitCode}`);
      await sleep(50);
    }
    return sshd;
  }

  get connection(): string {
    return `ssh://${userInfo().username}@127.0.0.1:${this.port}`;
  }

  /** Options of ssh with nothing from the user's own configuration. */
  options(key: "id" | "stranger" = "id"): string[] {
    const known = join(this.folder, "known");
    const host = execFileSync("cat", [join(this.folder, "host.pub")], { encoding: "utf8" });
    writeFileSync(known, `[127.0.0.1]:${this.port} ${host}`);
    return [
      "-F",
      "none",
      "-i",
      join(this.folder, key),
      "-o",
      "IdentitiesOnly=yes",
      "-o",
      `UserKnownHostsFile=${known}`,
    ];
  }

  /** Options for a host whose key isn't known. */
  strangeHostOptions(): string[] {
    return [
      "-F",
      "none",
      "-i",
      join(this.folder, "id"),
      "-o",
      `UserKnownHostsFile=${join(this.folder, "none")}`,
    ];
  }

  /** How many are logged in. */
  get logins(): number {
    const { stdout } = spawnSync("pgrep", ["-cP", String(this.child.pid)], { encoding: "utf8" });
    return Number(stdout);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill();
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

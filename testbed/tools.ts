import { existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./command";
import { withLock } from "./lock";

/** Commands that the testbed starts, and Debian's package of each. */
const PACKAGES: Readonly<Record<string, string>> = {
  dockerd: "docker.io",
  docker: "docker.io",
  sshd: "openssh-server",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  dnsmasq: "dnsmasq-base",
  ip: "iproute2",
  iptables: "iptables",
  nsenter: "util-linux",
  unshare: "util-linux",
  hostname: "hostname",
  curl: "curl",
  busybox: "busybox-static",
};
const POLICY = "/usr/sbin/policy-rc.d";

/** Installs what is missing from Debian's packages, without starting any service of theirs. Needs root. */
export async function ensureTools(
  log: (line: string) => void,
  commands = Object.keys(PACKAGES),
): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error("The testbed needs root: it makes network namespaces and starts Docker engines in them.");
  }
  const missing = packagesOf(commands.filter((command) => !isInstalled(command)));
  if (missing.length === 0) return;
  await withLock("apt", async () => {
    const packages = packagesOf(commands.filter((command) => !isInstalled(command)));
    if (packages.length > 0) await install(packages, log);
  });
}

/** Whether a command is in PATH or in root's usual directories. */
export function isInstalled(command: string): boolean {
  const path = `${process.env.PATH ?? ""}${delimiter}/usr/local/sbin${delimiter}/usr/sbin${delimiter}/sbin`;
  return path.split(delimiter).some((directory) => existsSync(join(directory, command)));
}

async function install(packages: readonly string[], log: (line: string) => void): Promise<void> {
  log(`installing ${packages.join(", ")}`);
  // Debian asks this file before a package starts its service; 101 means no.
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await run("apt-get", ["update", "-q"], { env });
    await run("apt-get", ["install", "-q", "-y", "--no-install-recommends", ...packages], { env });
  } finally {
    if (ours) rmSync(POLICY);
  }
}

function packagesOf(commands: readonly string[]): string[] {
  return [...new Set(commands.flatMap((command) => PACKAGES[command] ?? []))];
}

import { randomBytes } from "node:crypto";
import { run } from "../command";
import { ensureTools } from "../tools";

/** The local Docker engine. */
export const SOCKET = "/var/run/docker.sock";

/** A name for the containers, volumes, networks and images of one test file. */
export function uniqueName(): string {
  return `stand-in-${randomBytes(4).toString("hex")}`;
}

/** Makes an image with a static busybox and its commands on the local engine. */
export async function makeImage(name: string): Promise<void> {
  await ensureTools(() => undefined, ["docker", "busybox"]);
  const script = `
    set -e
    root=$(mktemp -d); trap 'rm -r "$root"' EXIT; cd "$root"
    mkdir bin etc tmp
    cp "$(command -v busybox)" bin/busybox
    for applet in cat echo false httpd ls nslookup sh sleep true wget; do ln -s busybox bin/$applet; done
    tar -c . | docker import --change 'ENV PATH=/bin' - "$1"`;
  await run("bash", ["-c", script, "makeImage", name]);
}

/** Removes what a failed test left on the local engine under this name. */
export async function removeLeftovers(name: string): Promise<void> {
  for (const kind of ["container", "volume", "network"]) {
    const found = await run("docker", [
      kind,
      "ls",
      ...(kind === "container" ? ["--all"] : []),
      "--quiet",
      "--filter",
      `name=^/?${name}`,
    ]);
    for (const id of found.split("\n").filter(Boolean)) await run("docker", [kind, "rm", "--force", id]);
  }
}

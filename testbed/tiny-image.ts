import { run } from "./command";
import { LOCAL_SOCKET } from "./engine";
import { ensureTools } from "./tools";

/** An image for the testbed's own tests: this machine's bash and a static busybox. */
export const TINY_IMAGE = "pg-dist/testbed-tiny:1";

const APPLETS = "chmod dd httpd ls rm seq sh touch".split(" ");
// These come with the C library, because a static busybox can't look up names.
const PROGRAMS = "bash cat sleep timeout".split(" ");

/** Makes the image on the local engine. */
export async function makeTinyImage(): Promise<void> {
  await ensureTools(() => undefined, ["docker", "busybox"]);
  const script = `
    set -e
    root=$(mktemp -d); trap 'rm -r "$root"' EXIT; cd "$root"
    mkdir bin etc tmp; echo marker > etc/marker
    cp "$(command -v busybox)" bin/busybox
    for name in ${APPLETS.join(" ")}; do ln -s busybox bin/$name; done
    for name in ${PROGRAMS.join(" ")}; do
      cp "$(command -v $name)" bin/
      for library in $(ldd bin/$name | grep -o '/[^ ]*'); do cp -nL --parents $library .; done
    done
    tar -c --mtime=@0 . | docker --host unix://${LOCAL_SOCKET} import - ${TINY_IMAGE}`;
  await run("bash", ["-c", script]);
}

/** A command in a container of this image that prints what a web server answers, or ends with 124 after `seconds`. */
export function fetchCommand(address: string, port: number, seconds: number): string[] {
  const request = `exec 3<>/dev/tcp/${address}/${port}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
  return ["timeout", String(seconds), "bash", "-c", request];
}

export async function removeTinyImage(): Promise<void> {
  await run("docker", ["--host", `unix://${LOCAL_SOCKET}`, "image", "rm", TINY_IMAGE]);
}

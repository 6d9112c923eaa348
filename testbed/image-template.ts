import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { CommandError, run } from "./command";
import { removeAtExit, removedAlready, removeTestbed } from "./cleanup";
import { LOCAL_SOCKET } from "./engine";
import { engineAnswers, makeDirectories, makeEngineNamespace } from "./engine-namespace";
import { withLock } from "./lock";
import { CACHE_ROOT, newState, readStates, writeState, type TestbedState } from "./state";

const KEEP_UNUSED = 4;

/** An image of the local engine that the hosts shall have, under its own name and perhaps others. */
export interface HostImage {
  /** Name in the local engine. */
  tag: string;
  /** Further names on the hosts only. */
  alsoAs?: readonly string[];
}

/**
 * Makes sure that a data directory with these images is in the cache, records it as in use by `state` and removes
 * old ones. Loading takes as long as `docker save | docker load`, once per set of images; a host's copy takes
 * milliseconds (see fillFromTemplate).
 */
export async function prepareTemplate(
  state: TestbedState,
  images: readonly HostImage[],
  log: (line: string) => void,
): Promise<string> {
  return withLock("image-templates", async () => {
    const directory = join(CACHE_ROOT, await keyOf(images));
    if (!existsSync(directory)) await build(directory, images, log);
    utimesSync(directory, new Date(), new Date());
    state.template = directory;
    writeState(state);
    prune();
    return directory;
  });
}

/** The id of an image (of the local engine by default), undefined when it has none of that name. */
export async function imageId(tag: string, socket = LOCAL_SOCKET): Promise<string | undefined> {
  try {
    return await run("docker", [
      "--host",
      `unix://${socket}`,
      "image",
      "inspect",
      "--format",
      "{{.Id}}",
      tag,
    ]);
  } catch (error) {
    if (error instanceof CommandError && /no such image/i.test(error.stderr)) return undefined;
    throw error;
  }
}

/** Copies images of the local engine to another. */
export async function copyImages(tags: readonly string[], socket: string): Promise<void> {
  const pipe =
    'set -o pipefail; from=$1 to=$2; shift 2; docker --host "$from" save "$@" | docker --host "$to" load';
  await run("bash", ["-c", pipe, "copy", `unix://${LOCAL_SOCKET}`, `unix://${socket}`, ...tags]);
}

/**
 * Gives a host that has not started yet the template's images. The metadata is copied; the layers' files are
 * links to the template: they are only ever lower, read-only directories of an overlay, and the host sees the
 * template through a read-only mount. Removing an image on the host removes the links.
 */
export function fillFromTemplate(template: string, dataRoot: string): void {
  cpSync(join(template, "image"), join(dataRoot, "image"), { recursive: true });
  const layers = join(dataRoot, "overlay2");
  mkdirSync(layers, { mode: 0o710 });
  for (const layer of readdirSync(join(template, "overlay2"))) {
    const from = join(template, "overlay2", layer);
    const to = join(layers, layer);
    if (layer === "l") {
      cpSync(from, to, { recursive: true, verbatimSymlinks: true });
      continue;
    }
    mkdirSync(to, { mode: 0o710 });
    for (const entry of readdirSync(from)) {
      if (entry === "diff") symlinkSync(join(from, entry), join(to, entry));
      else cpSync(join(from, entry), join(to, entry), { recursive: true });
    }
  }
}

async function keyOf(images: readonly HostImage[]): Promise<string> {
  const engine = await run("dockerd", ["--version"]);
  const contents = await Promise.all(
    images.map(async ({ tag, alsoAs = [] }) => {
      const id = await imageId(tag);
      if (id === undefined)
        throw new Error(`The local Docker engine has no image ${tag}: pull or build it first.`);
      return [id, tag, ...alsoAs].join(" ");
    }),
  );
  const text = [engine, ...contents.sort()].join("\n");
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

async function build(
  directory: string,
  images: readonly HostImage[],
  log: (line: string) => void,
): Promise<void> {
  log(`preparing ${images.map(({ tag }) => tag).join(", ")} for the test hosts (once per image)`);
  const state = newState();
  writeState(state);
  removeAtExit(state);
  try {
    const host = "template";
    const directories = makeDirectories(state.id, host);
    const holder = await makeEngineNamespace(state, host, directories, undefined);
    holder.send("go");
    await engineAnswers(host, directories, holder);
    await copyImages(
      images.map(({ tag }) => tag),
      directories.socket,
    );
    for (const { tag, alsoAs = [] } of images) {
      for (const name of alsoAs)
        await run("docker", ["--host", `unix://${directories.socket}`, "tag", tag, name]);
    }
    const stop = "pid=$(cat /run/docker.pid); kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.05; done";
    await holder.run("sh", ["-c", stop]);
    const unfinished = `${directory}.new`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    for (const part of ["image", "overlay2"]) await run("mv", [join(directories.docker, part), unfinished]);
    await run("mv", [unfinished, directory]);
  } finally {
    const left = removeTestbed(state);
    removedAlready(state);
    if (left.length > 0) log(`the engine that prepared the images left: ${left.join(", ")}`);
  }
}

/** Removes templates that no testbed uses, except for the last few. */
function prune(): void {
  const used = new Set(readStates().map((state) => state.template));
  const unused = readdirSync(CACHE_ROOT)
    .map((name) => join(CACHE_ROOT, name))
    .filter((path) => !used.has(path))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const path of unused.slice(KEEP_UNUSED)) rmSync(path, { recursive: true, force: true });
}

import { createHash } from "node:crypto";
import { createReadStream, existsSync, linkSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../command";

/** Durations of a health check are nanoseconds in an image's configuration. */
const SECOND = 1_000_000_000;

/** What a container of the image gets, in the words of Docker's image configuration. */
export interface ImageConfig {
  Env: string[];
  Entrypoint: string[];
  Cmd: string[];
  StopSignal: string;
  ExposedPorts: Record<string, object>;
  Volumes: Record<string, object>;
  Labels: Record<string, string>;
  Healthcheck: { Test: string[]; Interval: number; StartPeriod: number };
}

/**
 * Writes what `docker load` reads, unpacked, into a directory: the same inputs give the same image id on every engine.
 * `docker import` would do, but takes no stop signal, and `docker build` is a plug-in that may be missing.
 *
 * @param layers uncompressed tar files, the lowest first
 */
export async function writeImageArchive(
  directory: string,
  tag: string,
  config: ImageConfig,
  layers: readonly string[],
): Promise<void> {
  const digests: string[] = [];
  for (const [i, layer] of layers.entries()) {
    digests.push(await sha256(layer));
    mkdirSync(join(directory, `${i}`));
    linkSync(layer, join(directory, `${i}`, "layer.tar"));
  }
  const configuration = JSON.stringify({
    architecture: await dockerArchitecture(),
    os: "linux",
    created: "2025-01-01T00:00:00Z",
    config,
    rootfs: { type: "layers", diff_ids: digests.map((digest) => `sha256:${digest}`) },
    history: layers.map(() => ({ created: "2025-01-01T00:00:00Z", created_by: "pg-dist stand-in image" })),
  });
  const name = `${createHash("sha256").update(configuration).digest("hex")}.json`;
  writeFileSync(join(directory, name), configuration);
  const manifest = [{ Config: name, RepoTags: [tag], Layers: layers.map((_, i) => `${i}/layer.tar`) }];
  writeFileSync(join(directory, "manifest.json"), JSON.stringify(manifest));
}

/** The health check of the official image: every 4 s, failures of the first 6 s don't count. */
export const healthcheck = (command: string): ImageConfig["Healthcheck"] => ({
  Test: ["CMD-SHELL", command],
  Interval: 4 * SECOND,
  StartPeriod: 6 * SECOND,
});

/** The digest of a big file is kept beside it. */
async function sha256(file: string): Promise<string> {
  const kept = `${file}.sha256`;
  if (existsSync(kept)) return readFileSync(kept, "utf8");
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  const digest = hash.digest("hex");
  writeFileSync(kept, digest);
  return digest;
}

async function dockerArchitecture(): Promise<string> {
  const machine = await run("uname", ["-m"]);
  return { x86_64: "amd64", aarch64: "arm64" }[machine] ?? machine;
}

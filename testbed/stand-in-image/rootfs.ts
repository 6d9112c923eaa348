import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError, run } from "../command";
import { withLock } from "../lock";
import { acquireOptions, debianMirror, downloadable } from "./apt";

/** Kept between runs; safe to delete. Not the testbed's own cache folder, which prunes what it doesn't know. */
export const CACHE = "/var/cache/pg-dist-stand-in";

/** First choice first: 17 is the PostgreSQL major of citusdata/citus:13.0.3. */
const SUITES = [
  { suite: "trixie", postgresMajor: 17 },
  { suite: "bookworm", postgresMajor: 15 },
] as const;

const HOOKS = ["essential-hook.sh", "customize-hook.sh"].map((name) => join(__dirname, "rootfs", name));
const NOT_UNPACKED = [
  "/usr/share/man/*",
  "/usr/share/doc/*",
  "/usr/share/locale/*",
  "/usr/share/info/*",
  "/usr/lib/postgresql/*/lib/bitcode/*",
];

/** A root file system with Debian's PostgreSQL, as an uncompressed tar file. */
export interface Rootfs {
  tar: string;
  postgresMajor: number;
}

/**
 * Takes the root file system from the cache or makes it with mmdebstrap from this machine's own Debian mirror
 * (about half a minute; needs root).
 *
 * @throws when no suite can be had, with mmdebstrap's or apt's last words
 */
export async function rootfs(log: (line: string) => void): Promise<Rootfs> {
  return withLock("stand-in-rootfs", async () => {
    mkdirSync(CACHE, { recursive: true });
    const mirror = await debianMirror();
    const reasons: string[] = [];
    for (const { suite, postgresMajor } of SUITES) {
      const tar = join(CACHE, `rootfs-${suite}-${recipeHash(suite)}.tar`);
      if (existsSync(tar)) return { tar, postgresMajor };
      try {
        await downloadable(`${mirror.uri}dists/${suite}/InRelease`);
        await make(suite, postgresMajor, mirror, tar, log);
        return { tar, postgresMajor };
      } catch (error) {
        const reason =
          error instanceof CommandError ? error.stderr.split("\n").slice(-5).join("\n") : String(error);
        reasons.push(`${suite}: ${reason}`);
        log(`Debian ${suite} can't be had from ${mirror.uri}`);
      }
    }
    throw new Error(
      `The stand-in image needs Debian's postgresql packages, and the machine's mirror gave none.\n${reasons.join("\n")}`,
    );
  });
}

async function make(
  suite: string,
  postgresMajor: number,
  mirror: { uri: string; keyrings: string[] },
  tar: string,
  log: (line: string) => void,
): Promise<void> {
  await ensureMmdebstrap(log);
  log(
    `making a root file system from Debian ${suite} with PostgreSQL ${postgresMajor} (once, about half a minute)`,
  );
  const started = Date.now();
  const work = mkdtempSync(join(tmpdir(), "pg-dist-rootfs-"));
  const unfinished = `${tar}.new`;
  try {
    await run(
      "mmdebstrap",
      [
        "--mode=root",
        "--variant=essential",
        "--format=tar",
        `--include=postgresql-${postgresMajor},openssl`,
        ...mirror.keyrings.map((keyring) => `--keyring=${keyring}`),
        ...(await acquireOptions()).map((option) => `--aptopt=${option}`),
        '--aptopt=APT::Install-Recommends "false"',
        '--aptopt=Acquire::Languages "none"',
        ...NOT_UNPACKED.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
        `--essential-hook=${HOOKS[0]} "$1"`,
        `--customize-hook=${HOOKS[1]} "$1"`,
        suite,
        unfinished,
        `deb ${mirror.uri} ${suite} main`,
      ],
      { env: { TMPDIR: work } },
    );
    const older = readdirSync(CACHE).filter(
      (name) => name.startsWith(`rootfs-${suite}-`) && !name.endsWith(".new"),
    );
    for (const name of older) rmSync(join(CACHE, name));
    renameSync(unfinished, tar);
  } finally {
    rmSync(unfinished, { force: true });
    rmSync(work, { recursive: true, force: true });
  }
  const megabytes = Math.round(statSync(tar).size / 1e6);
  log(
    `root file system ready: ${megabytes} MB in ${Math.round((Date.now() - started) / 1000)} s, kept in ${CACHE}`,
  );
}

async function ensureMmdebstrap(log: (line: string) => void): Promise<void> {
  if (existsSync("/usr/bin/mmdebstrap")) return;
  log("installing mmdebstrap");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await withLock("apt", async () => {
    await run("apt-get", ["update", "-q"], { env });
    await run("apt-get", ["install", "-q", "-y", "--no-install-recommends", "mmdebstrap"], { env });
  });
}

/** What the file system depends on; new Debian packages alone don't rebuild it. */
function recipeHash(suite: string): string {
  const hash = createHash("sha256").update(suite).update(NOT_UNPACKED.join());
  for (const hook of HOOKS) hash.update(readFileSync(hook));
  return hash.digest("hex").slice(0, 12);
}

import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CommandError, run } from "../command";
import { withLock } from "../lock";
import { healthcheck, writeImageArchive, type ImageConfig } from "./image-archive";
import { CACHE, rootfs, type Rootfs } from "./rootfs";

/** The name says what it is; the version is that of the Citus whose management functions are imitated. */
export const STAND_IN_TAG = "pg-dist/stand-in-citus:13.0.3";
const INPUTS_LABEL = "pg-dist.stand-in.inputs";

/** The extension's script, in the order of its parts. */
const SQL = [
  "tables.sql",
  "connections.sql",
  "commands.sql",
  "metadata-sync.sql",
  "foreign-servers.sql",
  "nodes.sql",
  "health.sql",
  "table-copies.sql",
  "table-checks.sql",
  "shard-plan.sql",
  "shards.sql",
  "distributed-tables.sql",
  "reference-tables.sql",
  "table-changes.sql",
  "cleanup.sql",
  "moves.sql",
  "rebalance.sql",
  "jobs.sql",
  "sizes.sql",
  "activity.sql",
  "maintenance.sql",
  "grants.sql",
];

/**
 * Builds the stand-in of the Citus image for machines that reach no image registry, or reuses the one that the
 * engine already has from the same inputs. It is Debian's PostgreSQL with Citus' management functions imitated in SQL:
 * enough to run registration, drains and end-to-end tests against, and no evidence of what Citus does.
 *
 * @param log gets one line per step
 * @param dockerHost the engine, as in DOCKER_HOST
 * @returns the image's name in that engine
 * @throws when the engine doesn't answer, or Debian's packages can't be had
 */
export async function buildStandInImage(
  log: (line: string) => void,
  dockerHost = "unix:///var/run/docker.sock",
): Promise<{ tag: string }> {
  return withLock("stand-in-image", async () => {
    const inputs = inputsHash();
    if ((await labelOf(dockerHost)) === inputs) {
      log(`${STAND_IN_TAG} is up to date`);
      return { tag: STAND_IN_TAG };
    }
    const base = await rootfs(log);
    log(`building ${STAND_IN_TAG}: a STAND-IN, Debian's PostgreSQL ${base.postgresMajor} without Citus`);
    const started = Date.now();
    const work = mkdtempSync(join(CACHE, "image-"));
    try {
      const files = join(work, "files");
      const archive = join(work, "archive");
      mkdirSync(archive);
      layOut(files, base.postgresMajor);
      const layer = join(work, "files.tar");
      const sameBytes = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
      await run("tar", ["--create", ...sameBytes, "--file", layer, "-C", files, "."]);
      await writeImageArchive(archive, STAND_IN_TAG, configuration(base, inputs), [base.tar, layer]);
      const load = 'tar --create -C "$1" . | docker --host "$2" load';
      await run("bash", ["-o", "pipefail", "-c", load, "load", archive, dockerHost]);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
    log(`${STAND_IN_TAG} built in ${Math.round((Date.now() - started) / 1000)} s`);
    return { tag: STAND_IN_TAG };
  });
}

/** Puts the stand-in's own files where they belong in the image. */
function layOut(root: string, major: number): void {
  const share = `usr/share/postgresql/${major}`;
  copy("docker-entrypoint.sh", join(root, "usr/local/bin/docker-entrypoint.sh"), 0o755);
  copy("citus-maintenance", join(root, "usr/local/bin/citus-maintenance"), 0o755);
  copy("pg_healthcheck", join(root, "pg_healthcheck"), 0o755);
  copy(
    "create-citus-extension.sh",
    join(root, "docker-entrypoint-initdb.d/001-create-citus-extension.sh"),
    0o755,
  );
  copy("citus-settings.conf", join(root, `${share}/citus-settings.conf`), 0o644);
  copy("citus.control", join(root, `${share}/extension/citus.control`), 0o644);
  const script = SQL.map((name) => readFileSync(join(__dirname, "sql", name), "utf8")).join("\n");
  writeFileSync(join(root, `${share}/extension/citus--13.0-1.sql`), script, { mode: 0o644 });
}

function copy(name: string, to: string, mode: number): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
  copyFileSync(join(__dirname, "files", name), to);
  chmodSync(to, mode);
}

function configuration({ postgresMajor }: Rootfs, inputs: string): ImageConfig {
  const path = `/usr/local/sbin:/usr/local/bin:/usr/lib/postgresql/${postgresMajor}/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  return {
    Env: [
      `PATH=${path}`,
      "LANG=en_US.utf8",
      `PG_MAJOR=${postgresMajor}`,
      "PGDATA=/var/lib/postgresql/data",
      "CITUS_VERSION=13.0.3.stand-in",
    ],
    Entrypoint: ["docker-entrypoint.sh"],
    Cmd: ["postgres"],
    StopSignal: "SIGINT",
    ExposedPorts: { "5432/tcp": {} },
    Volumes: { "/var/lib/postgresql/data": {} },
    Labels: { "pg-dist.stand-in": "true", [INPUTS_LABEL]: inputs },
    Healthcheck: healthcheck("/pg_healthcheck"),
  };
}

/** The label of the engine's image with the hash of what it was built from; undefined when there is no image. */
async function labelOf(dockerHost: string): Promise<string | undefined> {
  const format = `{{index .Config.Labels "${INPUTS_LABEL}"}}`;
  try {
    return await run("docker", ["--host", dockerHost, "image", "inspect", "--format", format, STAND_IN_TAG]);
  } catch (error) {
    if (error instanceof CommandError && /no such image/i.test(error.stderr)) return undefined;
    throw error;
  }
}

function inputsHash(): string {
  const hash = createHash("sha256");
  for (const name of ["build.ts", "rootfs.ts", "image-archive.ts"])
    hash.update(readFileSync(join(__dirname, name)));
  for (const folder of ["rootfs", "files", "sql"]) {
    for (const name of readdirSync(join(__dirname, folder)).sort()) {
      hash.update(`${folder}/${name}\n`).update(readFileSync(join(__dirname, folder, name)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

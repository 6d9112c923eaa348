import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cluster, ClusterNode } from "../../model/cluster";
import { EXIT } from "../../operations/base/failure";
import { guardContainer } from "../../operations/change/replacement/container";
import { someCluster } from "./some-cluster";

/** Answers as the variables say: the container, the new image (none: it can't be pulled either), the server. */
const DOCKER = `#!/bin/sh
case $3 in
  container)
    if [ -n "$DOWN" ]; then echo "Cannot connect to the Docker daemon" >&2; exit 1; fi
    if [ -z "$CONTAINER" ]; then echo "Error: No such container: $7" >&2; exit 1; fi
    case $6 in
      *Mounts*) printf '/%s true []\\n' "$7" ;;
      *) printf '/%s %b\\n' "$7" "$CONTAINER" ;;
    esac ;;
  image)
    if [ -n "$LOST" ]; then echo "Connection reset by peer" >&2; exit 255; fi
    if [ -z "$IMAGE" ]; then echo "Error: No such image: $7" >&2; exit 1; fi
    echo "$IMAGE" ;;
  pull) echo "manifest unknown" >&2; exit 1 ;;
  exec) [ "$4" != -i ] && [ -n "$SERVER" ] && echo "$SERVER" ;;
esac
`;

const RUNS = "citusdata/citus:13.0.3\\tnull\\tPGDATA=/var/lib/postgresql/17/docker";
const NEWER = "citusdata/citus:13.2.0";
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pg-dist-docker-"));
  writeFileSync(join(folder, "docker"), DOCKER, { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true }));

const [coordinator] = someCluster().nodes;

/** The lines of progress. */
async function look(
  wanted: Partial<ClusterNode>,
  docker: Readonly<Record<string, string>>,
  more: Partial<Cluster> = {},
): Promise<string[]> {
  const lines: string[] = [];
  const cluster = someCluster(more, wanted);
  const hosts = cluster.hosts.map((host) => ({ ...host, connection: "unix:///var/run/docker.sock" }));
  const env = { PATH: `${folder}${delimiter}${process.env["PATH"]}`, ...docker };
  await guardContainer({ ...cluster, hosts }, coordinator?.id ?? "", {
    progress: (line) => void lines.push(line),
    env,
  });
  return lines;
}

test("lets it go where there is no container", async () => {
  expect(await look({ image: NEWER }, {})).toEqual([]);
});

test.each<[string, Partial<ClusterNode>, Record<string, string>]>([
  ["its image stays", {}, { CONTAINER: RUNS, IMAGE: "[]" }],
  ["a newer Citus comes", { image: NEWER }, { CONTAINER: RUNS, IMAGE: "[]", SERVER: "17 13.0" }],
  [
    "the image goes back before the catalog was updated",
    {},
    { CONTAINER: RUNS.replace("13.0.3", "13.2.0"), IMAGE: "[]", SERVER: "17 13.0" },
  ],
  [
    "the image goes back, which keeps the server from starting",
    {},
    { CONTAINER: RUNS.replace("13.0.3", "13.2.0"), IMAGE: "[]" },
  ],
])("lets it go where %s, and says what it can't look into", async (_case, wanted, docker) => {
  expect(await look(wanted, docker)).toEqual([
    expect.stringMatching(
      /what its databases need of its container can't be asked .*: only installed libraries/,
    ),
  ]);
});

test("an ephemeral cluster whose container is as it is wanted goes without a look", async () => {
  const { settings = {}, endpoint } = coordinator ?? {};
  const name = `cluster_name=${someCluster().name} ${coordinator?.id} ${endpoint?.host}:${endpoint?.port}`;
  const words = [...Object.entries(settings).map((pair) => pair.join("=")), name].map((word) => `"${word}"`);
  const container = RUNS.replace("null", `[${words.join(",")}]`);
  expect(await look({}, { CONTAINER: container }, { protected: false, ephemeral: true })).toEqual([]);
  await expect(look({}, { CONTAINER: container })).rejects.toThrow(/can't be had/);
});

test.each<[string, Partial<ClusterNode>, Record<string, string>, RegExp]>([
  [
    "the image can't be had",
    { image: NEWER },
    { CONTAINER: RUNS, SERVER: "17 13.0" },
    /image citusdata\/citus:13\.2\.0 can't be had: .*manifest unknown/,
  ],
  [
    "its Docker host can't be asked for the image: then a pull would be no help",
    { image: NEWER },
    { CONTAINER: RUNS, LOST: "1" },
    /image citusdata\/citus:13\.2\.0 can't be had: server-a: docker image inspect: Connection reset by peer/,
  ],
  [
    "the catalog is of a newer Citus",
    {},
    { CONTAINER: RUNS.replace("13.0.3", "13.2.0"), IMAGE: "[]", SERVER: "17 13.2" },
    /its container was not replaced: .*it runs Citus 13\.2, .*has Citus 13\.0\.3/,
  ],
  [
    "an image with a tag of its own has an older one",
    { image: "registry.internal/citus:1" },
    { CONTAINER: RUNS, IMAGE: '["CITUS_VERSION=12.1.6.citus-1"]', SERVER: "17 13.0" },
    /registry\.internal\/citus:1 has Citus 12\.1\.6/,
  ],
  [
    "the data is of another major version, of which a server that is down has only its directory",
    { image: "citusdata/citus:14.1.0", postgresMajor: 18 },
    { CONTAINER: RUNS, IMAGE: '["PG_MAJOR=18"]' },
    /its data is of PostgreSQL 17, citusdata\/citus:14\.1\.0 has PostgreSQL 18/,
  ],
  [
    "only the field says another major version, and the directory would be a new one",
    { postgresMajor: 18 },
    { CONTAINER: RUNS, IMAGE: "[]", SERVER: "17 13.0" },
    /its data is of PostgreSQL 17/,
  ],
])("keeps it where %s", async (_case, wanted, docker, said) => {
  const looking = look(wanted, docker);
  await expect(looking).rejects.toThrow(said);
  await expect(looking).rejects.toMatchObject({ exitCode: EXIT.refused });
});

test("a Docker host that doesn't answer is Terraform's to report", async () => {
  expect(await look({ image: NEWER }, { DOWN: "1" })).toEqual([
    expect.stringMatching(/is not looked at before it is replaced: .*Cannot connect/),
  ]);
});

test("an ephemeral cluster, whose destroy asks for nothing, is told how to be destroyed", async () => {
  const looking = look({ image: NEWER }, { CONTAINER: RUNS }, { protected: false, ephemeral: true });
  await expect(looking).rejects.toThrow(
    /to destroy the whole cluster, run that with PGDIST_DESTROY=production$/,
  );
});

test("with both keys of a destroy nobody is asked", async () => {
  const said = { CONTAINER: RUNS, PGDIST_DESTROY: "production" };
  expect(await look({ image: NEWER }, said, { protected: false })).toEqual([]);
});

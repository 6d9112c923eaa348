import { expect, test } from "vitest";
import { callerOf } from "../../../../operations/base/caller/caller";
import type { Cluster, ClusterNode } from "../../../../model/cluster";
import { EXIT } from "../../../../operations/base/failure";
import { guardContainer } from "../../../../operations/change/replacement/container";
import { FakeEngine } from "../../../fixtures/fake-engine";
import { someCluster } from "../../../fixtures/some-cluster";
import { type Remedy, render } from "../../../../operations/base/remedy";

/** What the coordinator's Docker host answers. */
interface Says {
  /** Image, and variables of its environment; absent for no container. */
  readonly container?: {
    readonly Image: string;
    readonly Cmd?: readonly string[];
    readonly Env: readonly string[];
  };
  /** Variables of the new image; absent where there is none, and it can't be pulled either. */
  readonly image?: readonly string[];
  /** What the server says of its versions. */
  readonly server?: string;
  /** It can't be asked at all, or not for images. */
  readonly down?: "engine" | "images";
}

const RUNS = { Image: "citusdata/citus:13.0.3", Env: ["PGDATA=/var/lib/postgresql/17/docker"] };
const NEWER_RUNS = { ...RUNS, Image: "citusdata/citus:13.2.0" };
const NEWER = "citusdata/citus:13.2.0";

const [coordinator] = someCluster().nodes;

/** The lines of progress. */
async function look(
  wanted: Partial<ClusterNode>,
  { container, image, server = "", down }: Says,
  more: Partial<Cluster> = {},
  env: NodeJS.ProcessEnv = {},
): Promise<string[]> {
  const lines: string[] = [];
  const cluster = someCluster(more, wanted);
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("no node");
  const engine = await FakeEngine.start({
    containers: container === undefined ? {} : { [node.container]: { Config: { Cmd: null, ...container } } },
    images: image === undefined ? {} : { [node.image]: { Config: { Env: image } } },
    exec: (_container, command) =>
      command.includes("-i") || server === "" || !command.includes("-qAtF")
        ? { code: 1, stderr: "no server" }
        : { stdout: server },
    answer: (method, path) => {
      if (path === "/images/create") return { status: 404, json: { message: "manifest unknown" } };
      if (down === "images" && path.startsWith("/images/"))
        return { status: 500, json: { message: "connection reset by peer" } };
      return undefined;
    },
  });
  const connection = down === "engine" ? "unix:///nowhere/docker.sock" : engine.connection;
  const hosts = cluster.hosts.map((host) => ({ ...host, connection }));
  try {
    const progress = (line: Remedy) => void lines.push(render(line, "terraform"));
    await guardContainer({ ...cluster, hosts }, coordinator?.id ?? "", { progress, caller: callerOf(env) });
  } finally {
    await engine.stop();
  }
  return lines;
}

test("lets it go where there is no container", async () => {
  expect(await look({ image: NEWER }, {})).toEqual([]);
});

test.each<[string, Partial<ClusterNode>, Says]>([
  ["its image stays", {}, { container: RUNS, image: [] }],
  ["a newer Citus comes", { image: NEWER }, { container: RUNS, image: [], server: "17 13.0" }],
  [
    "the image goes back before the catalog was updated",
    {},
    { container: NEWER_RUNS, image: [], server: "17 13.0" },
  ],
  ["the image goes back, which keeps the server from starting", {}, { container: NEWER_RUNS, image: [] }],
])("lets it go where %s, and says what it can't look into", async (_case, wanted, docker) => {
  expect(await look(wanted, docker)).toEqual([
    expect.stringMatching(
      /cannot determine what its databases need of its container .*: only installed libraries/,
    ),
  ]);
});

test("an ephemeral cluster whose container is as it is wanted goes without a look", async () => {
  const { settings = {}, endpoint } = coordinator ?? {};
  const name = `cluster_name=${someCluster().name} ${coordinator?.id} ${endpoint?.host}:${endpoint?.port}`;
  const container = { ...RUNS, Cmd: [...Object.entries(settings).map((pair) => pair.join("=")), name] };
  expect(await look({}, { container }, { protected: false, ephemeral: true })).toEqual([]);
  await expect(look({}, { container })).rejects.toThrow(/can't be pulled/);
});

test.each<[string, Partial<ClusterNode>, Says, RegExp]>([
  [
    "the image can't be pulled",
    { image: NEWER },
    { container: RUNS, server: "17 13.0" },
    /image citusdata\/citus:13\.2\.0 can't be pulled: .*manifest unknown/,
  ],
  [
    "its Docker host can't be asked for the image: then a pull would be no help",
    { image: NEWER },
    { container: RUNS, down: "images" },
    /image citusdata\/citus:13\.2\.0 can't be pulled: server-a: docker image inspect: connection reset by peer/,
  ],
  [
    "the catalog is of a newer Citus",
    {},
    { container: NEWER_RUNS, image: [], server: "17 13.2" },
    /its container was not replaced: .*it runs Citus 13\.2, .*has Citus 13\.0\.3/,
  ],
  [
    "an image with a tag of its own has an older one",
    { image: "registry.internal/citus:1" },
    { container: RUNS, image: ["CITUS_VERSION=12.1.6.citus-1"], server: "17 13.0" },
    /registry\.internal\/citus:1 has Citus 12\.1\.6/,
  ],
  [
    "the data is of another major version, of which a server that is down has only its directory",
    { image: "citusdata/citus:14.1.0", postgresMajor: 18 },
    { container: RUNS, image: ["PG_MAJOR=18"] },
    /its data is from PostgreSQL 17, citusdata\/citus:14\.1\.0 has PostgreSQL 18/,
  ],
  [
    "only the field says another major version, and the directory would be a new one",
    { postgresMajor: 18 },
    { container: RUNS, image: [], server: "17 13.0" },
    /its data is from PostgreSQL 17/,
  ],
])("keeps it where %s", async (_case, wanted, docker, said) => {
  const looking = look(wanted, docker);
  await expect(looking).rejects.toThrow(said);
  await expect(looking).rejects.toMatchObject({ exitCode: EXIT.refused });
});

test("a Docker host that doesn't answer is Terraform's to report", async () => {
  expect(await look({ image: NEWER }, { down: "engine" })).toEqual([
    expect.stringMatching(/is not inspected before it is replaced: .*Cannot connect/),
  ]);
});

test("an ephemeral cluster, whose destroy asks for nothing, is told how to be destroyed", async () => {
  const looking = look({ image: NEWER }, { container: RUNS }, { protected: false, ephemeral: true });
  await expect(looking).rejects.toThrow(
    /to destroy the whole cluster, run that with PGDIST_DESTROY=production$/,
  );
});

test("with both keys of a destroy nobody is asked", async () => {
  const key = { PGDIST_DESTROY: "production" };
  expect(await look({ image: NEWER }, { container: RUNS }, { protected: false }, key)).toEqual([]);
});

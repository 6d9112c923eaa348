import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cluster } from "../../../../model/cluster";
import { NODE_STATE, type NodeState } from "../../../../operations/cluster/nodes/node-state";
import {
  CitusContainers,
  IMAGE,
  type Outcome,
  describeOnCitus,
  docker,
} from "../../../fixtures/citus-containers";

const APP = `App 'Two'`;
const LIB = "/usr/lib/postgresql/17/lib";
const SHARE = "/usr/share/postgresql/17";

/** Under the name of another extension, so that no image has it. */
const INSTALL_GEO = `cd ${SHARE}/extension && cp ${LIB}/seg.so ${LIB}/geo.so &&
  sed 's/seg/geo/g' seg.control | sed "s/^default_version.*/default_version = '1.1'/" > geo.control &&
  cp seg--1.1.sql geo--1.1.sql && echo the > ${SHARE}/tsearch_data/mine.stop`;

/** A worker whose data needs what lies only in its container. Steps in their order. */
describeOnCitus("a container that is replaced, on real Citus", () => {
  const citus = new CitusContainers();
  const own = `${citus.prefix}/geo:1`;
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pg-dist-image-"));
    await citus.create();
    await Promise.all(["coordinator", "w1"].map((name) => citus.start(name)));
    expect(await citus.register(await citus.cluster(["w1"]))).toMatchObject({ code: 0 });
    await docker("exec", citus.container("w1"), "sh", "-c", INSTALL_GEO);
    await inW1(
      "mkdir -p /srv/space /opt/own && chown postgres /srv/space && echo x > /opt/own/file && echo exit > /opt/own/archive.sh",
    );
    await inW1(
      "ln -s /opt/own/file /var/lib/postgresql/data/linked; ln -s /etc/passwd /var/lib/postgresql/data/of-the-image",
    );
    await citus.sql("w1", `CREATE DATABASE "${APP}"`);
    await citus.sql(
      "w1",
      `CREATE EXTENSION geo; CREATE TABLE parcel AS SELECT '1 .. 2'::seg AS extent;
       CREATE TEXT SEARCH DICTIONARY own (template = simple, stopwords = 'mine')`,
      APP,
    );
    await citus.sql("w1", "CREATE TABLESPACE space LOCATION '/srv/space'");
    await citus.sql(
      "w1",
      "SET citus.enable_ddl_propagation = off; CREATE TABLE placed (id int) TABLESPACE space",
    );
    await citus.sql("w1", "ALTER SYSTEM SET archive_command = '/opt/own/archive.sh %p'");
    await citus.sql("w1", "SELECT pg_reload_conf()");
  });
  afterAll(async () => {
    await citus.destroy();
    await docker("image", "rm", "-f", own).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  });

  const NEEDED = [
    /the library \$libdir\/geo, which function \w+ of database "App 'Two'" needs, is not in the image/,
    /the files of extension geo, which database "App 'Two'" has, are not in the image/,
    /the file tsearch_data\/mine\.stop, which text search dictionary own of database "App 'Two'" needs/,
    /\/opt\/own\/archive\.sh, which archive_command needs, exists only in the container, on no volume/,
    /\/opt\/own\/file, which the link \/var\/lib\/postgresql\/data\/linked on the volume needs/,
  ];
  const TABLESPACE =
    /the data of tablespace space \(\S+ \S+\) is at \/srv\/space, in the container, on no volume/;

  test.each<[string, readonly string[]]>([
    ["all containers", []],
    ["its own", ["--node", "local/w1"]],
  ])("what only the container has is listed before it goes, by the guard of %s", async (_whose, more) => {
    const refused = await guard(await changed(), more);
    expect(refused, refused.output).toMatchObject({ code: 4 });
    for (const what of [...NEEDED, TABLESPACE]) expect(refused.output).toMatch(what);
    expect(refused.output.match(/local\/w1: (?:the|\/)/g)?.length, refused.output).toBe(NEEDED.length + 2);
    expect(refused.last).toContain(
      '`discard: ["local/w1"]` in environment test, and PGDIST_DISCARD=local/w1',
    );
    const keyed = { ...(await changed()), discard: ["local/w1"] };
    expect(await guard(keyed, more)).toMatchObject({ code: 4 });
    const both = await guard(keyed, more, { PGDIST_DISCARD: "local/w1" });
    expect(both, both.output).toMatchObject({ code: 0 });
    expect(both.output).toContain("is lost, as `discard` says: the library $libdir/geo");
  });

  test("an image that has it, and data on the volume, let it go", async () => {
    await writeFile(
      join(folder, "Dockerfile"),
      `FROM ${IMAGE}\nRUN ${INSTALL_GEO.replaceAll("\n", " ")}\nRUN mkdir -p /opt/own && echo x > /opt/own/file && echo exit > /opt/own/archive.sh\n`,
    );
    await docker("build", "-q", "-t", own, folder);
    const refused = await guard(await changed(own), ["--node", "local/w1"]);
    expect(refused, refused.output).toMatchObject({ code: 4 });
    expect(refused.last).toMatch(TABLESPACE);
    expect(refused.output).not.toContain("geo,");
    await citus.sql(
      "w1",
      "SET citus.enable_ddl_propagation = off; ALTER TABLE placed SET TABLESPACE pg_default",
    );
    await citus.sql("w1", "DROP TABLESPACE space");
    const passed = await guard(await changed(own), ["--node", "local/w1"]);
    expect(passed, passed.output).toMatchObject({ code: 0 });
    await citus.remove("w1");
    await citus.start("w1", { image: own });
    expect(await citus.sql("w1", "SELECT extent FROM parcel", APP)).toBe("1 .. 2");
    const again = await guard(await changed(own), ["--node", "local/w1"]);
    expect(again, again.output).toMatchObject({ code: 0 });
  });

  test("of one that lost files, and stands still, what was installed in it is told all the same", async () => {
    expect(await lostFiles()).toEqual([]);
    await citus.sql("w1", "SET citus.enable_ddl_propagation = off; CREATE EXTENSION geo");
    await inW1(`rm ${LIB}/geo.so ${SHARE}/extension/geo.control`);
    expect(await lostFiles()).toEqual(["extension geo", "library $libdir/geo"]);
    await docker("exec", citus.container("w1"), "cp", `${LIB}/seg.so`, `${LIB}/later.so`);
    await docker("stop", citus.container("w1"));
    const refused = await guard(await changed(own), ["--node", "local/w1"]);
    expect(refused, refused.output).toMatchObject({ code: 4 });
    expect(refused.output).toContain("of its container (it is not running)");
    expect(refused.last).toContain(`${LIB}/later.so was installed in the container and is not in the image`);
    await docker("start", citus.container("w1"));
    await citus.waitFor("w1");
    const asked = await guard(await changed(own), ["--node", "local/w1"]);
    expect(asked, asked.output).toMatchObject({ code: 0 });
  });

  /** As `status` asks for them. */
  async function lostFiles(): Promise<unknown> {
    return (JSON.parse(await citus.sql("w1", NODE_STATE)) as NodeState).lost_files;
  }

  function inW1(script: string): Promise<string> {
    return docker("exec", citus.container("w1"), "sh", "-c", script);
  }

  /** With a start-up setting that replaces the container of w1. */
  async function changed(image = IMAGE): Promise<Cluster> {
    const cluster = await citus.cluster(["w1"]);
    const settings: Record<string, string> = { shared_preload_libraries: "citus", wal_level: "logical" };
    return {
      ...cluster,
      ...{ protected: true, ephemeral: false },
      nodes: cluster.nodes.map((node) =>
        node.role === "coordinator"
          ? { ...node, settings }
          : { ...node, image, settings: { ...settings, max_connections: "120" } },
      ),
    };
  }

  async function guard(
    cluster: Cluster,
    more: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<Outcome> {
    return (await citus.launch(cluster, env, ["guard", ...more])).ended;
  }
});

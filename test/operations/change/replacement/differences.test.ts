import { describe, expect, test } from "vitest";
import type { ClusterNode } from "../../../../model/cluster";
import {
  citusUpgrade,
  dataOf,
  findRenamed,
  findReplacements,
} from "../../../../operations/change/replacement/differences";
import { findForbidden } from "../../../../operations/cluster/nodes/image-on-data";
import { versionsIn } from "../../../../operations/change/replacement/images";
import type { ImageVersions } from "../../../../operations/cluster/nodes/image-on-data";
import {
  type ExistingNode,
  type RunningServer,
  settingsOf,
} from "../../../../operations/change/replacement/nodes";
import type { RecordedNode } from "../../../../operations/cluster/nodes/recorded";
import { someCluster } from "../../../fixtures/some-cluster";

const SETTINGS = { wal_level: "logical", max_connections: "100" };

function node(
  wanted: Partial<ClusterNode>,
  recorded: Partial<RecordedNode> = {},
  running: Partial<RunningServer> | undefined = {},
): ExistingNode {
  const [first] = someCluster({}, wanted).nodes;
  return {
    wanted: first as ClusterNode,
    recorded: {
      id: "server-a/coordinator",
      nodeid: 1,
      groupid: 0,
      host: "citus-coordinator",
      port: 5432,
      server_id: "a",
      image: "citusdata/citus:13.0.3",
      settings: SETTINGS,
      cpus: null,
      leaving: null,
      recorded_at: new Date(0),
      ...recorded,
    },
    running: { major: 17, citus: "13.0.3", settings: { ...SETTINGS, cluster_name: "citus x y" }, ...running },
  };
}

const forbidden = (existing: readonly ExistingNode[], images?: ReadonlyMap<string, ImageVersions>) =>
  findForbidden(existing.map(dataOf), images);

const changesOf = (existing: ExistingNode) =>
  findReplacements([existing]).flatMap(({ changes }) => changes.map(({ text }) => text));

describe("differences", () => {
  test("nothing is different: the destroy of everything, or a node with settings of its own that joins or leaves", () => {
    expect(findReplacements([node({}), node({})])).toEqual([]);
  });

  test("image, settings and CPUs, each with what it was", () => {
    const wanted = {
      image: "citusdata/citus:13.2.0",
      settings: { wal_level: "logical", max_connections: "200", work_mem: "64MB" },
      cpus: 2,
    };
    expect(changesOf(node(wanted))).toEqual([
      "image citusdata/citus:13.0.3 -> citusdata/citus:13.2.0",
      "max_connections 100 -> 200",
      "work_mem unset -> 64MB",
      "cpus unlimited -> 2",
    ]);
    const [{ changes = [] } = {}] = findReplacements([node(wanted)]);
    expect(changes.map(({ kind }) => kind)).toEqual(["image", "setting", "setting", "cpus"]);
  });

  test("a node that was replaced by itself before is no longer to be replaced", () => {
    const settings = { ...SETTINGS, max_connections: "200" };
    const rolled = node({ image: "citusdata/citus:13.2.0", settings }, {}, { citus: "13.2.0", settings });
    expect(findReplacements([rolled])).toEqual([]);
  });

  test("of two images with one version the server can't tell which it runs", () => {
    expect(changesOf(node({ image: "citusdata/citus:13.0.3-alpine" }))).toHaveLength(1);
  });

  test("but its container can: an image of one's own and a CPU limit that were replaced one by one", () => {
    const own = node(
      { image: "registry.example.com/citus:2", cpus: 2 },
      { image: "registry.example.com/citus:1" },
    );
    expect(changesOf(own)).toEqual([
      "image registry.example.com/citus:1 -> registry.example.com/citus:2",
      "cpus unlimited -> 2",
    ]);
    const container = { image: "registry.example.com/citus:2", cpus: 2 };
    expect(changesOf({ ...own, container })).toEqual([]);
    expect(changesOf({ ...own, container: { image: container.image } })).toEqual(["cpus unlimited -> 2"]);
  });

  test("back to what is recorded, while the container already runs something else", () => {
    expect(changesOf(node({}, {}, { settings: { ...SETTINGS, max_connections: "9999" } }))).toEqual([
      "max_connections 9999 -> 100",
    ]);
  });

  test("a node that doesn't answer is judged by its record", () => {
    const { wanted, recorded } = node({ settings: { ...SETTINGS, max_connections: "200" } });
    expect(changesOf({ wanted, recorded })).toEqual(["max_connections 100 -> 200"]);
  });
});

describe("never on existing data", () => {
  test.each([
    ["citusdata/citus:14.1.0", 18],
    ["citusdata/citus:13.0.3-pg16", 16],
  ])("another PostgreSQL major version: %s", (image, postgresMajor) => {
    const [problem] = forbidden([node({ image, postgresMajor })]);
    expect(problem?.what).toBe(`its data is from PostgreSQL 17, ${image} has PostgreSQL ${postgresMajor}`);
  });

  test("also where the server doesn't answer", () => {
    const { wanted, recorded } = node({ image: "citusdata/citus:14.1.0", postgresMajor: 18 });
    expect(forbidden([{ wanted, recorded }])).toHaveLength(1);
  });

  test("an older Citus than the one that runs", () => {
    const [problem] = forbidden([node({}, { image: "citusdata/citus:13.2.0" }, { citus: "13.2.0" })]);
    expect(problem?.what).toBe("it runs Citus 13.2.0, citusdata/citus:13.0.3 has Citus 13.0.3");
  });

  test("what the image says of itself, whatever it is called", () => {
    const own = node({ image: "registry.internal/citus:1" });
    const images = (said: ImageVersions) => new Map([[own.wanted.host, said]]);
    expect(forbidden([own], images({}))).toEqual([]);
    expect(
      forbidden(
        [own],
        images(versionsIn({ Config: { Env: ["PG_MAJOR=17", "CITUS_VERSION=13.0.3.citus-1"] } })),
      ),
    ).toEqual([]);
    expect(
      forbidden([own], images(versionsIn({ Config: { Env: ["CITUS_VERSION=12.1.6.citus-1"] } }))),
    ).toHaveLength(1);
    expect(forbidden([own], images(versionsIn({ Config: { Env: ["PG_MAJOR=18"] } })))[0]?.what).toContain(
      "has PostgreSQL 18",
    );
    expect(versionsIn(undefined)).toEqual({});
  });

  test("10 is newer than 9", () => {
    expect(forbidden([node({ image: "citusdata/citus:13.10.0" }, {}, { citus: "13.9.0" })])).toEqual([]);
  });

  test("a newer Citus is allowed, and named as an upgrade when the minor version is another", () => {
    const nodes = [node({ image: "citusdata/citus:13.2.0" })];
    expect(forbidden(nodes)).toEqual([]);
    expect(citusUpgrade(nodes)).toBe("13.0.3 -> 13.2.0");
    expect(citusUpgrade([node({ image: "citusdata/citus:13.0.9" })])).toBeUndefined();
  });
});

test("an endpoint or a published port that changes is no edit of the settings", () => {
  const before = { cluster_name: "citus a/b 10.0.0.1:5432", "pgdist.published": "0.0.0.0:5432" };
  expect(findReplacements([node({}, {}, { settings: { ...SETTINGS, ...before } })])).toEqual([]);
});

describe("another name of the cluster", () => {
  const renamed = (name: string) =>
    findRenamed(someCluster({ name }), [
      node({}, {}, { settings: { ...SETTINGS, cluster_name: "citus server-a/coordinator 10.0.0.1:5432" } }),
    ]);

  test("would replace the volumes", () => {
    expect(renamed("citus")).toEqual([]);
    expect(renamed("orders")).toMatchObject([
      { node: "server-a/coordinator", what: expect.stringContaining("called citus, and as orders") },
    ]);
  });

  test("can't be told of a server with a cluster_name of its own", () => {
    const own = node({}, {}, { settings: { cluster_name: "reporting" } });
    expect(findRenamed(someCluster({ name: "orders" }), [own])).toEqual([]);
  });
});

test("the settings of a server's command line", () => {
  const line =
    '/usr/lib/postgresql/17/bin/postgres "-c" "wal_level=logical" "-c" "cluster_name=citus a/b c:1" "-c" "x.y=a=b"\n';
  expect(settingsOf(line)).toEqual({ wal_level: "logical", cluster_name: "citus a/b c:1", "x.y": "a=b" });
  expect(settingsOf("/usr/lib/postgresql/17/bin/postgres\n")).toEqual({});
});

import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../../../model/cluster";
import { serverName } from "../../../../model/contract/server-name";
import type { RegisteredNode } from "../../../../operations/cluster/nodes/registered";
import type { RecordedNode } from "../../../../operations/cluster/nodes/recorded";
import { type ServerIdentity, viewNodes } from "../../../../operations/cluster/nodes/view";
import { someCluster } from "../../../fixtures/some-cluster";

/** `server-a/coordinator`, `server-a/worker1` and `server-a/worker2`, each at its container's name. */
const cluster = someCluster();
const [coordinator, worker1, worker2] = cluster.nodes.map(({ id }) => id) as [string, string, string];
const endpointOf = (id: string): Endpoint => {
  const node = cluster.nodes.find((each) => each.id === id);
  return node?.endpoint ?? { host: id, port: 5432 };
};

/** A registered node: `[node id, group, endpoint, noderole]`. */
type Row = readonly [number, number, Endpoint | string, RegisteredNode["noderole"]?];

function row([nodeid, groupid, at, noderole = "primary"]: Row): RegisteredNode {
  const endpoint = typeof at === "string" ? endpointOf(at) : at;
  return {
    nodeid,
    groupid,
    noderole,
    endpoint,
    isactive: true,
    metadatasynced: true,
    shouldhaveshards: true,
  };
}

/** Of each: `server id of its id`. */
function record(nodes: Readonly<Record<string, number>>): Map<string, RecordedNode> {
  return new Map(
    Object.entries(nodes).map(([id, nodeid]) => [
      id,
      { id, nodeid, server_id: `data of ${id}` } as RecordedNode,
    ]),
  );
}

const named = (id: string, name = cluster.name): ServerIdentity => ({
  server_id: `data of ${id}`,
  cluster_name: serverName(name, { id, endpoint: endpointOf(id) }),
});

interface Given {
  readonly environment?: typeof cluster | null;
  readonly recorded?: Readonly<Record<string, number>>;
  readonly registered: readonly Row[];
  readonly said?: Readonly<Record<number, ServerIdentity>>;
}

function view({ environment = cluster, recorded = {}, registered, said = {} }: Given) {
  const known = {
    ...(environment === null ? {} : { cluster: environment }),
    record: record(recorded),
    registered: registered.map(row),
  };
  return viewNodes(known, new Map(Object.entries(said).map(([nodeid, each]) => [Number(nodeid), each])));
}

/** `node id label by what`, or `- label` of one that isn't registered. */
function names(given: Given): string[] {
  return view(given).map(({ label, knownBy, registered }) =>
    registered === undefined ? `- ${label}` : `${registered.nodeid} ${label} ${knownBy}`,
  );
}

const RECORDED = { [coordinator]: 1, [worker1]: 2, [worker2]: 3 };
const REGISTERED: readonly Row[] = [
  [1, 0, coordinator],
  [2, 1, worker1],
  [3, 2, worker2],
];
const AT_HOME = [`1 ${coordinator} record`, `2 ${worker1} record`, `3 ${worker2} record`];

describe("a node's one name", () => {
  it("is that of the record, where all agree", () => {
    expect(names({ recorded: RECORDED, registered: REGISTERED })).toEqual(AT_HOME);
    expect(view({ recorded: RECORDED, registered: REGISTERED })[1]).toMatchObject({
      ...{ id: worker1, role: "worker", host: "server-a" },
      ...{ declared: { id: worker1 }, recorded: { nodeid: 2 }, registered: { nodeid: 2 } },
    });
    expect(view({ recorded: RECORDED, registered: REGISTERED })[1]).not.toHaveProperty("movesTo");
  });

  const exchanged: Given = {
    recorded: RECORDED,
    registered: [
      [1, 0, coordinator],
      [2, 1, worker2],
      [3, 2, worker1],
    ],
  };
  it("stays where two exchange their endpoints in the environment", () => {
    expect(names(exchanged)).toEqual(AT_HOME);
    expect(view(exchanged).map(({ movesTo }) => movesTo)).toEqual([
      undefined,
      endpointOf(worker1),
      endpointOf(worker2),
    ]);
  });
  it("stays where their containers have been exchanged already: another server answers there", () => {
    expect(names({ ...exchanged, said: { 2: named(worker2), 3: named(worker1) } })).toEqual(AT_HOME);
  });
  it("stays without a record, by what the servers say", () => {
    const said = { 2: named(worker1), 3: named(worker2) };
    const servers = [`1 ${coordinator} record`, `2 ${worker1} server`, `3 ${worker2} server`];
    expect(names({ ...exchanged, recorded: {}, said })).toEqual(servers);
  });

  it("stays at a moved endpoint, and who is declared there is another", () => {
    const moved: Given = { recorded: { [worker1]: 2 }, registered: [[2, 1, { host: "old", port: 5432 }]] };
    expect(names(moved)).toEqual([`2 ${worker1} record`, `- ${coordinator}`, `- ${worker2}`]);
    // Its new endpoint is another's by now, which was added by hand.
    const taken: Given = { ...moved, registered: [...moved.registered, [9, 9, worker1]] };
    expect(names(taken).slice(0, 2)).toEqual([`2 ${worker1} record`, "9 citus-worker1:5432 nothing"]);
    expect(view(taken)[1]).not.toHaveProperty("id");
  });

  it("stays for one that was removed and added again by hand", () => {
    const again: Given = { recorded: { [worker1]: 2 }, registered: [[9, 9, { host: "byhand", port: 5432 }]] };
    const unnamed = { server_id: `data of ${worker1}`, cluster_name: "" };
    expect(names({ ...again, said: { 9: unnamed } })[0]).toBe(`9 ${worker1} server`);
    // What was recorded is of what was removed.
    expect(view({ ...again, said: { 9: unnamed } })[0]?.recorded).toBeUndefined();
    // With a new volume, by the name of its server; silent, by nothing.
    const fresh = { ...named(worker1), server_id: "new" };
    expect(names({ ...again, said: { 9: fresh } })[0]).toBe(`9 ${worker1} server`);
    expect(names(again)[0]).toBe("9 byhand:5432 nothing");
  });

  it("is that of its server for one whose registration was killed before its record", () => {
    const killed: Given = { registered: [[2, 1, { host: "moved", port: 5432 }]] };
    expect(names({ ...killed, said: { 2: named(worker1) } })[0]).toBe(`2 ${worker1} server`);
    // Of one that the environment no longer has too.
    expect(names({ ...killed, said: { 2: named("server-x/worker9") } })[0]).toBe("2 server-x/worker9 server");
    // Not of a server of another cluster, nor is a worker ever the coordinator.
    expect(names({ ...killed, said: { 2: named(worker1, "other") } })[0]).toBe("2 moved:5432 nothing");
    expect(names({ ...killed, said: { 2: named(coordinator) } })[0]).toBe("2 moved:5432 nothing");
  });

  it("is read from a name that PostgreSQL has cut, where it can mean only one", () => {
    const long = (host: string) => someCluster({}, { id: `${"h".repeat(36)}/${host}` }).nodes[1]?.id ?? "";
    const node = { ...(cluster.nodes[1] as (typeof cluster.nodes)[number]) };
    const cut = (id: string) => ({
      cluster_name: serverName("citus", { id, endpoint: { host: "10.0.0.1", port: 5432 } }).slice(0, 63),
    });
    const ids = [`${long("a".repeat(24))}1`, `${long("a".repeat(24))}2`, long("b".repeat(24))];
    const nodes = ids.map((id, port) => ({ ...node, id, endpoint: { host: "x", port } }));
    const given: Given = {
      environment: { ...cluster, nodes },
      registered: [[2, 1, "y"]],
    };
    const [one = "", , only = ""] = ids;
    expect(names({ ...given, said: { 2: cut(only) } })[0]).toBe(`2 ${only} server`);
    expect(names({ ...given, said: { 2: cut(one) } })[0]).toBe("2 y:5432 nothing");
  });

  it("is that of the environment by the endpoint, where nothing else is known", () => {
    expect(names({ registered: REGISTERED })).toEqual([
      `1 ${coordinator} record`,
      `2 ${worker1} endpoint`,
      `3 ${worker2} endpoint`,
    ]);
  });

  it("is given to one node only: a second one that says it is the first has none", () => {
    const twins: Given = {
      recorded: { [worker1]: 2 },
      registered: [
        [2, 1, worker1],
        [9, 9, { host: "copy", port: 5432 }],
      ],
      said: { 9: named(worker1) },
    };
    expect(names(twins).slice(0, 2)).toEqual([`2 ${worker1} record`, "9 copy:5432 nothing"]);
  });
});

describe("who else there is", () => {
  it("is who is declared and not registered", () => {
    expect(names({ registered: [] })).toEqual(cluster.nodes.map(({ id }) => `- ${id}`));
    const [, removed] = view({ registered: [], recorded: { [worker1]: 2 } });
    expect(removed).toMatchObject({ id: worker1, recorded: { nodeid: 2 }, endpoint: endpointOf(worker1) });
  });

  it("is a worker that left the environment, by the record", () => {
    const left: Given = { recorded: { "server-x/worker9": 9 }, registered: [[9, 9, "gone"]] };
    expect(view(left)[0]).toMatchObject({ id: "server-x/worker9", host: "server-x", declared: undefined });
  });

  it("is one coordinator, also where it was recorded by another id", () => {
    const renamed: Given = { recorded: { "server-x/coordinator": 1 }, registered: [[1, 0, coordinator]] };
    expect(view(renamed)[0]).toMatchObject({ id: "server-x/coordinator", declared: { id: coordinator } });
    expect(names(renamed)).not.toContain(`- ${coordinator}`);
  });

  it("of another database is by the same names, whatever numbers its metadata has", () => {
    const other = { ...cluster, database: "app2", homeDatabase: "postgres" };
    const there: Given = {
      environment: other,
      registered: [
        [1, 0, coordinator],
        [7, 4, worker2],
      ],
    };
    expect(names(there)).toEqual([`1 ${coordinator} record`, `7 ${worker2} endpoint`, `- ${worker1}`]);
    expect(names({ ...there, recorded: { [worker1]: 7 } })[1]).toBe(`7 ${worker1} record`);
  });

  it("of a cluster without an environment is by the record, by its servers, else by endpoints", () => {
    const given: Given = { environment: null, recorded: { [worker1]: 2 }, registered: REGISTERED };
    expect(names({ ...given, said: { 1: named(coordinator, "any") } })).toEqual([
      `1 ${coordinator} server`,
      `2 ${worker1} record`,
      "3 citus-worker2:5432 nothing",
    ]);
  });

  it("is a secondary by a name of its own, in its primary's group", () => {
    const standbys: Given = {
      recorded: RECORDED,
      registered: [...REGISTERED, [8, 1, "standby1", "secondary"], [9, 0, "standby0", "secondary"]],
      // A copy of its primary's data directory, with what it was started with.
      said: { 8: { server_id: `data of ${worker1}`, cluster_name: named("server-b/standby1").cluster_name } },
    };
    expect(names(standbys)).toEqual([...AT_HOME, "8 server-b/standby1 server", "9 standby0:5432 nothing"]);
    expect(view(standbys)[3]).toMatchObject({
      role: "worker",
      registered: { noderole: "secondary", groupid: 1 },
    });
    const again = { ...standbys, recorded: { [coordinator]: 1, [worker2]: 3, [worker1]: 99 } };
    expect(names({ ...again, said: { ...standbys.said, 2: named(worker1) } })[1]).toBe(`2 ${worker1} server`);
  });
});

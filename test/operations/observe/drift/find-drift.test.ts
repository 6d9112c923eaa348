import { describe, expect, it } from "vitest";
import { render } from "../../../../operations/base/remedy";
import type { ContainerJson } from "../../../../operations/docker/engine/containers";
import type { Drift } from "../../../../operations/observe/drift/drift";
import {
  type ClusterFacts,
  type DriftFacts,
  findDrift as find,
} from "../../../../operations/observe/drift/find-drift";
import type { HostFacts } from "../../../../operations/observe/drift/read-host";
import type { NodeSettings } from "../../../../operations/observe/drift/read-settings";
import type { PlanJson, ResourceChange } from "../../../../operations/terraform/plan";
import { type SomeNode, somePlan } from "../review/some-plan";
import { type NodeChanges, someSnapshot } from "../status/some-snapshot";
import { CLUSTER, DATA, IMAGE, someContainer, someFacts, someHost, someSettings } from "./some-facts";

const WORKER = "server-b/worker1";
const IDS = CLUSTER.nodes.map(({ id }) => id);
const NO_ANSWER = { what: "no answer in 10 s", remedy: "check that it is up" };

const findDrift = (facts: DriftFacts) => find(facts).drifts;
const codes = (drifts: readonly Drift[]) => drifts.map(({ code, where }) => [code, ...where]);

/** Of a cluster whose container on `server-b` is like this. */
function withContainer(
  change: (json: ContainerJson) => ContainerJson,
  host: Partial<HostFacts> = {},
): readonly Drift[] {
  const containers = new Map([["citus-worker1", change(someContainer(WORKER))]]);
  return findDrift(withHost({ containers, ...host }));
}

function withHost(host: Partial<HostFacts>, more: Partial<DriftFacts> = {}): DriftFacts {
  return someFacts({
    hosts: CLUSTER.hosts.map(({ id }) => someHost(id, id === "server-b" ? host : {})),
    ...more,
  });
}

function withSettings(settings: Readonly<Record<string, Partial<NodeSettings>>>): readonly Drift[] {
  return withServers({ settings: new Map(IDS.map((id) => [id, someSettings(settings[id])])) });
}

function withServers(more: Partial<ClusterFacts>): readonly Drift[] {
  const { servers } = someFacts();
  if ("unknown" in servers) throw new Error("they are known");
  return findDrift(someFacts({ servers: { ...servers, ...more } }));
}

function withNodes(changes: Readonly<Record<string, NodeChanges>>): readonly Drift[] {
  return withServers({ snapshot: someSnapshot(changes) });
}

function planOf(
  nodes: Readonly<Record<string, SomeNode>>,
  more: Parameters<typeof somePlan>[1] = {},
): PlanJson {
  const whole = Object.fromEntries(
    [...new Set([...IDS, ...Object.keys(nodes)])].map((id) => [
      id,
      { ...nodes[id], before: { id: `container of ${id}`, ...nodes[id]?.before } },
    ]),
  );
  return somePlan(whole, more);
}

/** What was found of a container when the state was refreshed. */
function drifted(id: string, before: object, after: object | null): ResourceChange {
  const name = id.replace("/", "_");
  return {
    address: `docker_container.${name}`,
    type: "docker_container",
    name,
    change: {
      actions: after === null ? ["delete"] : ["update"],
      before: before as Record<string, unknown>,
      after: after as Record<string, unknown> | null,
    },
  };
}

describe("drift", () => {
  it("is none where all views are the same", () => {
    expect(findDrift(someFacts())).toEqual([]);
  });

  it("is not known of what can't be asked, which is never none", () => {
    const drifts = findDrift(
      someFacts({
        plan: { unknown: { what: "no plan can be made", remedy: "mend it" } },
        hosts: CLUSTER.hosts.map((host) =>
          host.id === "server-b" ? { host, unknown: NO_ANSWER } : someHost(host.id),
        ),
        servers: { unknown: NO_ANSWER },
      }),
    );
    expect(codes(drifts)).toEqual([["unknown", "server-b"], ["unknown"], ["unknown"]]);
  });

  it("is sorted by its danger", () => {
    const drifts = withNodes({
      worker1: { registered: { shouldhaveshards: false } },
      worker2: { registered: { isactive: false } },
    });
    expect(codes(drifts)).toEqual([
      ["inactive", "server-c/worker1"],
      ["shouldhaveshards", WORKER],
    ]);
  });
});

describe("the configuration against Terraform", () => {
  const find = (plan: PlanJson, more: Partial<DriftFacts> = {}) => findDrift(someFacts({ plan, ...more }));

  it("was changed without Terraform, or not applied, or both", () => {
    const change = {
      container: ["update"],
      before: { memory: 700, cpu_shares: 0 },
      after: { memory: 768, cpu_shares: 5 },
    };
    const plan = planOf({ [WORKER]: change as SomeNode });
    const drifts = find({ ...plan, resource_drift: [drifted(WORKER, { memory: 768 }, { memory: 700 })] });
    expect(codes(drifts)).toEqual([
      ["changed-outside", WORKER],
      ["not-applied", WORKER],
    ]);
    expect(drifts[0]).toMatchObject({ subject: "memory", declared: "768 MB", found: "700 MB" });
    expect(drifts[1]?.what).toContain("cpu_shares is unset, declared 5");
  });

  it("has no limit declared, which no deploy brings back", () => {
    const change = { container: ["update"], before: { memory: 700 }, after: { memory: null } };
    const plan = planOf({ [WORKER]: change as SomeNode });
    const [drift] = find({ ...plan, resource_drift: [drifted(WORKER, { memory: 0 }, { memory: 700 })] });
    expect(render(drift?.remedy ?? "", "person")).toContain("-replace=docker_container.server-b_worker1");
  });

  it("has a node more, or less, of which nothing else is said", () => {
    const created = { container: ["create"], volume: ["create"], membership: ["create"] } as const;
    const destroyed = { container: ["delete"], volume: ["delete"], membership: ["delete"] } as const;
    const plan = planOf({ [WORKER]: created, "server-c/worker2": destroyed });
    const { servers } = someFacts();
    const snapshot = someSnapshot({ worker1: { registered: null, state: null } });
    const left = {
      ...someSnapshot().nodes[2],
      label: "server-c/worker2",
      declared: false,
    } as (typeof snapshot.nodes)[0];
    const drifts = find(plan, {
      hosts: CLUSTER.hosts.map(({ id }) =>
        someHost(id, id === "server-b" ? { containers: new Map(), volumes: [], network: undefined } : {}),
      ),
      servers: { ...(servers as ClusterFacts), snapshot: { ...snapshot, nodes: [...snapshot.nodes, left] } },
    });
    expect(codes(drifts).filter(([code]) => code !== "identity")).toEqual([
      ["not-applied", "server-c/worker2"],
      ["not-applied", WORKER],
    ]);
  });

  it("would destroy data: the most dangerous", () => {
    const [drift] = find(planOf({ "server-a/coordinator": { container: ["delete"], volume: ["delete"] } }));
    expect(drift).toMatchObject({ code: "not-applied", severity: "broken" });
  });

  it("has only a registration to run", () => {
    const [drift, ...more] = find(planOf({}, { "null_resource.registration": ["delete", "create"] }));
    expect(drift).toMatchObject({ code: "not-applied", where: [] });
    expect(more).toEqual([]);
  });

  it("has lost an image, and a thing of the user's own is not applied", () => {
    const plan = planOf({}, { "docker_image.server-b": ["create"], "random_id.x": ["create"] });
    const gone: ResourceChange = {
      ...{ address: "docker_image.server-b", type: "docker_image", name: "server-b" },
      change: { actions: ["delete"] },
    };
    expect(codes(find({ ...plan, resource_drift: [gone] }))).toEqual([
      ["changed-outside", "server-b"],
      ["not-applied"],
    ]);
  });

  it("says itself of a container what its host can't be asked for", () => {
    const stopped = { container: ["update"], before: { must_run: false }, after: { must_run: true } };
    const hosts = CLUSTER.hosts.map((host) =>
      host.id === "server-b" ? { host, unknown: NO_ANSWER } : someHost(host.id),
    );
    expect(codes(find(planOf({ [WORKER]: stopped as SomeNode }), { hosts }))).toEqual([
      ["container-stopped", WORKER],
      ["unknown", "server-b"],
    ]);
    expect(codes(find(planOf({ [WORKER]: { container: ["create"] } }), { hosts }))).toEqual([
      ["container-missing", WORKER],
      ["unknown", "server-b"],
    ]);
  });
});

describe("Terraform against Docker", () => {
  const down = new Map([
    ["citus-worker1", { what: "its container citus-worker1 exited", remedy: "start it" }],
  ]);
  const silent = someSnapshot({ worker1: { state: null, failed: NO_ANSWER } });

  it("has a container that doesn't run, which is said once", () => {
    const { servers } = someFacts();
    const facts = withHost(
      { down },
      {
        plan: planOf({
          [WORKER]: { container: ["update"], before: { must_run: false }, after: { must_run: true } },
        }),
        servers: { ...(servers as ClusterFacts), snapshot: silent },
      },
    );
    expect(codes(findDrift(facts))).toEqual([["container-stopped", WORKER]]);
  });

  it("has a container about which Docker gives no answer, which is said once", () => {
    const { servers } = someFacts();
    const containers = new Map<string, ContainerJson>();
    const held = (listed: string) =>
      withHost(
        {
          containers,
          silent: new Map([
            [
              "citus-worker1",
              { listed, what: `its container citus-worker1 is ${listed}`, remedy: "free it" },
            ],
          ]),
        },
        { servers: { ...(servers as ClusterFacts), snapshot: silent } },
      );
    expect(codes(findDrift(held("paused")))).toEqual([["container-stopped", WORKER]]);
    expect(codes(findDrift(held("running")))).toEqual([["unknown", WORKER]]);
    expect(find(held("paused")).whole).toBe(false);
    expect(find(held("running")).whole).toBe(false);
  });

  it("has a container on the network about which Docker gives no answer", () => {
    const other = { listed: "paused", what: "its container other is paused", remedy: "unpause it" };
    const facts = withHost({ silent: new Map([["other", other]]) });
    const [drift, ...others] = findDrift(facts);
    expect(drift).toMatchObject({ code: "unknown", where: ["server-b"], what: other.what });
    expect(others).toEqual([]);
    expect(find(facts).whole).toBe(false);
  });

  it("has no container, or not even a volume", () => {
    const { servers } = someFacts();
    const more = {
      plan: planOf({ [WORKER]: { container: ["create"] } }),
      servers: { ...(servers as ClusterFacts), snapshot: silent },
    };
    expect(codes(findDrift(withHost({ containers: new Map(), down }, more)))).toEqual([
      ["container-missing", WORKER],
    ]);
    const [drift, ...others] = findDrift(withHost({ containers: new Map(), down, volumes: [] }, more));
    expect(drift).toMatchObject({ code: "volume-missing", severity: "broken", where: [WORKER] });
    expect(others).toEqual([]);
  });

  it("has another container of the same name", () => {
    const [drift] = withContainer((json) => ({ ...json, Id: "another" }));
    expect(drift).toMatchObject({ code: "container-unmanaged", severity: "broken", where: [WORKER] });
    expect(render(drift?.remedy ?? "", "person")).toContain("npx pg-dist recover production");
    const [foreign] = withContainer((json) => ({
      ...json,
      Id: "another",
      Config: { ...json.Config, Labels: null },
    }));
    expect(render(foreign?.remedy ?? "", "person")).not.toContain("recover");
  });

  it("has what Terraform ignores otherwise than declared", () => {
    const drifts = withContainer((json) => ({
      ...json,
      Config: { ...json.Config, Labels: { ...json.Config.Labels, "pg-dist.endpoint": "10.0.0.9:5432" } },
      HostConfig: {
        ...json.HostConfig,
        PortBindings: { "5432/tcp": [{ HostIp: "", HostPort: "5432" }] },
        ExtraHosts: ["x:10.0.0.1"],
        Dns: ["10.0.0.53"],
        LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
      },
    }));
    expect(codes(drifts)).toEqual([
      ["ports", WORKER],
      ["hosts", WORKER],
      ["dns", WORKER],
      ["labels", WORKER],
      ["log", WORKER],
    ]);
    expect(drifts[0]).toMatchObject({ declared: "10.0.0.2:5432->5432", found: "0.0.0.0:5432->5432" });
  });

  it("has another environment, of which no value is told", () => {
    const [drift, ...more] = withContainer((json) => ({
      ...json,
      Config: {
        ...json.Config,
        Env: ["POSTGRES_DB=other", "POSTGRES_USER=postgres", "EXTRA=secret", "PATH=/x"],
      },
    }));
    expect(more).toEqual([]);
    expect(drift?.subject).toBe("PGDATA, POSTGRES_PASSWORD, POSTGRES_DB, EXTRA");
    expect(drift?.what).toBe(
      "its container's environment differs: PGDATA is missing, POSTGRES_PASSWORD is missing, POSTGRES_DB has another value, EXTRA is not declared",
    );
    expect(JSON.stringify(drift)).not.toContain("secret");
  });

  it("has a node on another network too, or not on its own", () => {
    const drifts = withContainer((json) => ({ ...json, NetworkSettings: { Networks: { other: {} } } }));
    expect(drifts.map(({ code, severity, subject }) => [code, severity, subject])).toEqual([
      ["networks", "broken", "citus"],
      ["networks", "warning", "other"],
    ]);
    expect(drifts.map(({ remedy }) => remedy)).toEqual([
      "`ssh deploy@server-b docker network connect citus citus-worker1`",
      "`ssh deploy@server-b docker network disconnect other citus-worker1`",
    ]);
  });

  it("has containers that nobody declares", () => {
    const own = someContainer(WORKER);
    const foreign = { ...own, Id: "f", Name: "/app", Config: { ...own.Config, Labels: {} } };
    const containers = new Map([
      ["citus-worker1", own],
      ["app", foreign],
      ["citus-worker7", { ...own, Id: "l", Name: "/citus-worker7" }],
    ]);
    const drifts = findDrift(withHost({ containers }));
    expect(codes(drifts)).toEqual([
      ["container-foreign", "server-b"],
      ["container-leftover", "server-b"],
    ]);
    expect(drifts.map(({ subject }) => subject)).toEqual(["app", "citus-worker7"]);
    // A container of the stack's own, beside the nodes.
    const plan = planOf({ "server-b/app": { before: { id: "f" } }, "server-b/old": { before: { id: "l" } } });
    expect(findDrift(withHost({ containers }, { plan }))).toEqual([]);
  });

  it("has a network of another subnet, or none, and a volume elsewhere", () => {
    const subnets = new Map([["server-b", "10.9.0.0/24"]]);
    const devices = new Map([["server-b citus-worker1", "/data/citus-worker1"]]);
    const { stack } = someFacts();
    expect(codes(findDrift(someFacts({ stack: { ...stack, subnets, devices } })))).toEqual([
      ["subnet", "server-b"],
      ["data-path", WORKER],
    ]);
    expect(codes(findDrift(withHost({ network: undefined })))).toEqual([["network-missing", "server-b"]]);
  });

  it("has an image whose name was moved", () => {
    const now = { ...IMAGE, Id: "sha256:2222222222222222", RepoDigests: ["citusdata/citus@sha256:bbbb"] };
    const images = new Map([
      [IMAGE.Id, IMAGE],
      ["citusdata/citus:13.0.3", now],
    ]);
    const [drift, ...more] = findDrift(withHost({ images }));
    expect(more).toEqual([]);
    expect(drift).toMatchObject({
      code: "image-moved",
      where: [WORKER],
      declared: "222222222222",
      found: "111111111111",
    });
    expect(render(drift?.remedy ?? "", "person")).toContain(
      "`ssh deploy@server-b docker tag sha256:1111111111111111 citusdata/citus:13.0.3`",
    );
  });

  it("has nodes of one name with different images, but not the same in another kind of store", () => {
    const other = { ...IMAGE, Id: "sha256:3", RepoDigests: ["citusdata/citus@sha256:cccc"] };
    const images = (image: typeof IMAGE) => new Map([[image.Id, image]]);
    const find = (image: typeof IMAGE) =>
      withContainer((json) => ({ ...json, Image: image.Id }), { images: images(image) });
    expect(codes(find(other))).toEqual([["image-differs", WORKER]]);
    expect(find({ ...other, RepoDigests: IMAGE.RepoDigests })).toEqual([]);
    // Loaded from a file there: no registry has told its digest.
    expect(find({ ...other, RepoDigests: [] })).toEqual([]);
    expect(codes(find({ ...other, RepoDigests: [], RootFS: { Layers: ["sha256:l2"] } }))).toEqual([
      ["image-differs", WORKER],
    ]);
  });

  it("says nothing of what a new container will have", () => {
    const replaced = {
      container: ["delete", "create"],
      before: { command: ["postgres", "-c", "a=1"] },
      after: { command: ["postgres", "-c", "a=2"] },
      forces: ["command"],
    } as const;
    const containers = new Map([
      [
        "citus-worker1",
        { ...someContainer(WORKER), HostConfig: { Memory: 0, NanoCpus: 0, PortBindings: {} } },
      ],
    ]);
    const drifts = findDrift(withHost({ containers }, { plan: planOf({ [WORKER]: replaced }) }));
    expect(codes(drifts)).toEqual([["not-applied", WORKER]]);
  });
});

describe("the configuration against the servers", () => {
  it("says of nodes what status says, in its words", () => {
    const drifts = withNodes({
      worker1: { registered: { isactive: false } },
      worker2: { registered: null },
      coordinator: { state: { server_id: "another" } },
    });
    expect(codes(drifts)).toEqual([
      ["identity", "server-a/coordinator"],
      ["inactive", WORKER],
    ]);
    expect(codes(withNodes({ worker1: { declared: false, recorded: undefined } }))).toEqual([
      ["membership", WORKER],
    ]);
    expect(codes(withNodes({ worker1: { state: { postgres: "17.5" } } }))).toEqual([["versions", WORKER]]);
    expect(codes(withNodes({ worker1: { state: { metadata_digest: "e" } } }))).toEqual([
      ["metadata-drift", WORKER],
    ]);
    expect(codes(withNodes({ worker1: { failed: NO_ANSWER, state: null } }))).toEqual([["unknown", WORKER]]);
  });

  it("has standbys that nothing declares", () => {
    const [drift] = withServers({ secondaries: [{ host: "10.0.0.9", port: 5432, noderole: "secondary" }] });
    expect(drift).toMatchObject({ code: "secondary", where: [], subject: "10.0.0.9:5432" });
    expect(drift?.remedy).toContain("SELECT citus_remove_node('10.0.0.9', 5432)");
  });

  it("has servers of other versions than the declared image", () => {
    const state = { citus: "13.2.0", postgres: "18.1" };
    const drifts = withNodes({ coordinator: { state }, worker1: { state }, worker2: { state } });
    expect(codes(drifts).filter(([code]) => code === "image-version")).toHaveLength(3);
    expect(drifts.find(({ code }) => code === "image-version")).toMatchObject({
      declared: "PostgreSQL 17, Citus 13.0.3",
      found: "PostgreSQL 18, Citus 13.2.0",
    });
  });

  it("doubts whether it is the coordinator, unless that is said already", () => {
    const doubts = [{ what: "it is another server", remedy: "see" }];
    expect(codes(withServers({ doubts }))).toEqual([["identity"]]);
    const snapshot = someSnapshot({ coordinator: { state: { server_id: "another" } } });
    expect(codes(withServers({ doubts, snapshot }))).toEqual([["identity", "server-a/coordinator"]]);
  });
});

describe("settings", () => {
  const changed = (name: string, more: Partial<NodeSettings["settings"][number]>) =>
    someSettings().settings.map((each) => (each.name === name ? { ...each, ...more } : each));
  const auto = (name: string, value: string) => ({
    ...{ file: `${DATA}/postgresql.auto.conf`, line: 9, name, value, error: null },
  });
  const withAuto = (name: string, value: string, settings = someSettings().settings) =>
    withSettings({ [WORKER]: { files: [...someSettings().files, auto(name, value)], settings } });

  it("were set by ALTER SYSTEM: without effect, in force, for the next start, or before a reload", () => {
    const [shadowed] = withAuto("work_mem", "64MB");
    expect(shadowed).toMatchObject({
      code: "alter-system",
      subject: "work_mem",
      severity: "advice",
      declared: "8MB",
      found: "64MB",
    });
    expect(shadowed?.what).toContain("without effect");
    const inFile = { source: "configuration file", file: `${DATA}/postgresql.auto.conf` };
    const [inForce] = withAuto(
      "max_connections",
      "200",
      changed("max_connections", { ...inFile, value: "200" }),
    );
    expect(inForce).toMatchObject({ severity: "warning", declared: "not declared" });
    expect(inForce?.what).toBe("max_connections was set by ALTER SYSTEM");
    expect(render(inForce?.remedy ?? "", "person")).toBe(
      "`npx pg-dist psql production server-b/worker1 -- -c 'ALTER SYSTEM RESET max_connections' -c 'SELECT pg_reload_conf()'`, " +
        "then `ssh deploy@server-b docker restart citus-worker1`; or, if it is intended, put it into the node's `settings` and deploy",
    );
    const [pending, ...more] = withAuto(
      "max_connections",
      "200",
      changed("max_connections", { pending: true }),
    );
    expect(more).toEqual([]);
    expect(pending?.what).toContain("takes effect at its next start");
    expect(render(pending?.remedy ?? "", "person")).not.toContain("docker restart");
    const [unread] = withAuto("max_connections", "200");
    expect(unread?.what).toContain("takes effect after a reload");
  });

  it("were undone, and wait for a start", () => {
    const [drift] = withSettings({ [WORKER]: { settings: changed("max_wal_senders", { pending: true }) } });
    expect(drift).toMatchObject({ code: "pending-restart", where: [WORKER], subject: "max_wal_senders" });
    expect(drift?.remedy).toBe("`ssh deploy@server-b docker restart citus-worker1`");
  });

  it("were written into a file: a line more, a line again, another file, what can't be read", () => {
    const line = (number: number, name: string | null, value: string | null, file = "postgresql.conf") => ({
      ...{ file: `${DATA}/${file}`, line: number, name, value, error: name === null ? "syntax error" : null },
    });
    const files = [
      ...someSettings().files,
      line(852, "max_connections", "90"),
      line(853, "statement_timeout", "5s"),
      line(1, "work_mem", "1MB", "conf.d/own.conf"),
      line(854, null, null),
    ];
    const drifts = withSettings({ [WORKER]: { files } });
    expect(drifts.map(({ code, severity, subject }) => [code, severity, subject])).toEqual([
      ["config-file", "warning", "max_connections"],
      ["config-file", "warning", "statement_timeout"],
      ["config-file", "warning", undefined],
      ["config-file", "advice", "work_mem"],
    ]);
    expect(render(drifts[1]?.remedy ?? "", "person")).toContain(
      `ssh deploy@server-b docker exec citus-worker1 sed -i 853s/^/#/ ${DATA}/postgresql.conf`,
    );
  });

  it("are not those that the server was started with", () => {
    const [drift] = withSettings({
      [WORKER]: { settings: changed("work_mem", { value: "4096", source: "default" }) },
    });
    expect(drift).toMatchObject({ code: "setting", subject: "work_mem", declared: "8MB", found: "4096kB" });
    // What our own session, or Citus, has set says nothing of the server.
    const own = changed("work_mem", { value: "4096", source: "session" });
    expect(withSettings({ [WORKER]: { settings: own } })).toEqual([]);
  });

  it("were set for roles and databases, on all nodes or on one", () => {
    const role = { database: null, role: "app", name: "work_mem", value: "1GB" };
    const everywhere = Object.fromEntries(IDS.map((id) => [id, { roles: [role] }]));
    const [all, ...more] = withSettings(everywhere);
    expect(more).toEqual([]);
    expect(all).toMatchObject({
      code: "role-setting",
      subject: "work_mem for role app",
      severity: "warning",
      where: IDS,
      declared: "8MB",
      found: "1GB",
    });
    expect(render(all?.remedy ?? "", "person")).toBe(
      "`npx pg-dist psql production server-a/coordinator -- -c 'ALTER ROLE app RESET work_mem'`, which Citus repeats on every node",
    );
    const database = { database: "My DB", role: null, name: "jit", value: "off" };
    const [one] = withSettings({ [WORKER]: { roles: [database] } });
    expect(one).toMatchObject({
      code: "database-setting",
      subject: 'jit for database "My DB"',
      severity: "advice",
      where: [WORKER],
    });
    expect(render(one?.remedy ?? "", "person")).toBe(
      "`npx pg-dist psql production server-b/worker1 -- -c 'SET citus.enable_ddl_propagation = off' -c 'ALTER DATABASE \"My DB\" RESET jit'`",
    );
  });

  it("differ between nodes, though none is declared to", () => {
    const [drift, ...more] = withSettings({
      [WORKER]: { settings: changed("max_wal_senders", { value: "5" }) },
    });
    expect(more).toEqual([]);
    expect(drift).toMatchObject({ code: "settings-differ", where: [WORKER], subject: "max_wal_senders" });
    expect(drift?.found).toBe("5");
    expect(drift?.declared).toContain("10");
    const fewer = changed("max_connections", { value: "50" }).map((each) =>
      each.name === "max_prepared_transactions" ? { ...each, value: "100" } : each,
    );
    expect(withSettings({ [WORKER]: { settings: fewer } }).map(({ what }) => what)).toEqual([
      "max_connections differs between nodes, though none is declared to",
    ]);
    const libraries = changed("shared_preload_libraries", {
      value: "citus, pg_cron",
      source: "configuration file",
    });
    expect(codes(withSettings({ [WORKER]: { settings: libraries } }))).toContainEqual(["setting", WORKER]);
  });

  it("can't be read: not known, and never none", () => {
    const settings = new Map<string, NodeSettings | typeof NO_ANSWER>([
      ...IDS.map((id) => [id, someSettings()] as const),
      [WORKER, NO_ANSWER] as const,
    ]);
    expect(codes(withServers({ settings }))).toEqual([["unknown", WORKER]]);
  });

  it("of another server in a node's place are not its own", () => {
    const settings = new Map(IDS.map((id) => [id, someSettings({ roles: [] })]));
    settings.set(WORKER, someSettings({ settings: changed("work_mem", { value: "1", source: "default" }) }));
    const snapshot = someSnapshot({ worker1: { state: { server_id: "another" } } });
    expect(codes(withServers({ settings, snapshot })).map(([code]) => code)).toEqual(["identity"]);
  });
});

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cluster, ClusterNode } from "../../../model/cluster";
import { CitusContainers, IMAGE, docker, describeOnCitus } from "../../fixtures/citus-containers";

const SETTINGS = { shared_preload_libraries: "citus", wal_level: "logical" };
const EDITED = { ...SETTINGS, max_connections: "120" };

/** An edit and what the guard says to it, on real Citus. Steps in their order: one setting of all nodes is changed. */
describeOnCitus("guard on real Citus", () => {
  const citus = new CitusContainers();

  beforeAll(async () => {
    await citus.create();
    await Promise.all(["coordinator", "w1", "w2"].map((name) => citus.start(name)));
  });
  afterAll(() => citus.destroy());

  test("before anything was registered, an edit repairs and nothing can be lost", async () => {
    const edited = { ...(await cluster({ settings: EDITED })), rollout: "all-at-once" } as const;
    expect(await guard(edited)).toMatchObject({ code: 0 });
  });

  test("all nodes at once are refused, with the nodes, what changes, and the commands for one by one", async () => {
    expect(await citus.register(await cluster({}))).toMatchObject({ code: 0 });
    const outcome = await guard(await cluster({ settings: EDITED }));
    expect(outcome).toMatchObject({ code: 4 });
    for (const name of ["coordinator", "w1", "w2"]) {
      expect(outcome.output).toContain(
        `local/${name}: its container is replaced on its volume: max_connections unset -> 120`,
      );
    }
    expect(commandsIn(outcome.output)).toEqual([
      'terraform apply -target=docker_container."local_w1"',
      'terraform apply -target=docker_container."local_w2"',
      'terraform apply -target=docker_container."local_coordinator"',
    ]);
    expect(outcome.last).toMatch(
      /^pg-dist: 3 containers of environment test would be replaced at once.*rollout: "all-at-once"/,
    );
  });

  test("they are let through where the environment says so", async () => {
    const outcome = await guard({ ...(await cluster({ settings: EDITED })), rollout: "all-at-once" });
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.output).toContain("local/w2: its container is replaced on its volume");
  });

  test.each(["all-at-once", "refuse"] as const)(
    "an image that a host can't have stops it before a container goes, nor are commands for it given out: %s",
    async (rollout) => {
      const image = "citusdata/citus:13.9.9";
      const outcome = await guard({ ...(await cluster({ image })), rollout });
      expect(outcome).toMatchObject({ code: 4 });
      expect(outcome.last).toContain(`image ${image} can't be pulled`);
      expect(commandsIn(outcome.output)).toEqual([]);
    },
  );

  test("a new node is none that would be replaced", async () => {
    const three = await citus.cluster(["w1", "w2", "w3"]);
    const nodes = three.nodes.map((node) => ({
      ...node,
      settings: node.name === "w1" || node.name === "w3" ? EDITED : SETTINGS,
    }));
    const outcome = await guard({ ...three, ...GUARDED, nodes });
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.output).not.toContain("local/w3");
  });

  test("one by one: who has been replaced no longer counts, and the last apply goes through", async () => {
    const edited = await cluster({ settings: EDITED });
    await replaced("w1");
    const two = await guard(edited);
    expect(two).toMatchObject({ code: 4 });
    expect(two.last).toContain("2 containers");
    await replaced("w2");
    expect(await guard(edited)).toMatchObject({ code: 0 });
    await replaced("coordinator");
    // The port is another one now, that of the new container.
    expect(await guard(await cluster({ settings: EDITED }))).toMatchObject({ code: 0 });
  });

  test("so it is with a CPU limit, which only the container can tell", async () => {
    const limited = await cluster({ settings: EDITED, cpus: 1 });
    expect((await guard(limited)).last).toContain("3 containers");
    for (const name of ["w1", "w2", "coordinator"])
      await docker("update", "--cpus", "1", citus.container(name));
    const outcome = await guard(limited);
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.output).not.toContain("is replaced");
  });

  test("another name of the cluster would give it empty volumes: that takes both keys", async () => {
    const named = await cluster({ settings: EDITED, cpus: 1 });
    await citus.remove("w1");
    await citus.start("w1", { settings: ["max_connections=120", "cluster_name=old local/w1 w1:5432"] });
    const refused = await guard(named);
    expect(refused).toMatchObject({ code: 4 });
    expect(refused.last).toMatch(
      /local\/w1: the cluster is called old, .* new, empty volumes.*PGDIST_DESTROY=test/,
    );
    expect(await guard({ ...named, protected: false }, { PGDIST_DESTROY: "test" })).toMatchObject({
      code: 0,
    });
    await replaced("w1");
    await citus.remove("coordinator");
    await citus.start("coordinator", {
      settings: ["max_connections=120", "cluster_name=old local/coordinator coordinator:5432"],
    });
    const coordinator = await guard(await cluster({ settings: EDITED, cpus: 1 }));
    expect(coordinator).toMatchObject({ code: 4 });
    expect(coordinator.last).toMatch(/local\/coordinator: the cluster is called old, .*PGDIST_DESTROY=test/);
    await replaced("coordinator");
  });

  test("another PostgreSQL major version and an older Citus are refused, whatever the environment allows", async () => {
    const free = { protected: false, ephemeral: true, rollout: "all-at-once" } as const;
    const major = await guard({
      ...(await cluster({ image: "citusdata/citus:14.1.0", postgresMajor: 18 })),
      ...free,
    });
    expect(major).toMatchObject({ code: 4 });
    expect(major.last).toContain("its data is from PostgreSQL 17, citusdata/citus:14.1.0 has PostgreSQL 18");
    const older = await guard({ ...(await cluster({ image: "citusdata/citus:12.1.6" })), ...free });
    expect(older).toMatchObject({ code: 4 });
    expect(older.last).toMatch(/it runs Citus 13\.\d+\.\d+, citusdata\/citus:12\.1\.6 has Citus 12\.1\.6/);
  });

  test.each(["all-at-once", "refuse"] as const)(
    "of an image with a name of its own it counts what the image says of itself: %s",
    async (rollout) => {
      const image = `${citus.prefix}/own:1`;
      await docker("commit", "--change", "ENV CITUS_VERSION=12.1.6.citus-1", citus.container("w1"), image);
      try {
        const outcome = await guard({ ...(await cluster({ image })), rollout });
        expect(outcome).toMatchObject({ code: 4 });
        expect(outcome.last).toMatch(/it runs Citus 13\.\d+\.\d+, \S+\/own:1 has Citus 12\.1\.6/);
        expect(commandsIn(outcome.output)).toEqual([]);
      } finally {
        await docker("image", "rm", image);
      }
    },
  );

  test("another database, which only a new volume would get, is refused whatever the environment allows", async () => {
    const free = { protected: false, ephemeral: true, rollout: "all-at-once" } as const;
    const outcome = await guard({ ...(await cluster({})), ...free, database: "orders" });
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.last).toMatch(
      /no container was changed: local\/coordinator: its data was initialised with database postgres, .* get orders/,
    );
    expect(outcome.last).toContain('set `database: "postgres"` again');
  });

  test("an upgrade says the order and what follows", async () => {
    const image = "citusdata/citus:13.9.0";
    await docker("tag", IMAGE, image);
    try {
      await expectUpgrade(image);
    } finally {
      await docker("image", "rm", image);
    }
  });

  async function expectUpgrade(image: string): Promise<void> {
    const outcome = await guard(await cluster({ image, settings: EDITED }));
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.output).toMatch(
      /Citus 13\.\d+\.\d+ -> 13\.9\.0: workers first, the coordinator last.*ALTER EXTENSION citus UPDATE/,
    );
  }

  const GUARDED = { protected: true, ephemeral: false, rollout: "refuse" } as const;

  async function cluster(node: Partial<ClusterNode>): Promise<Cluster> {
    const plain = await citus.cluster(["w1", "w2"]);
    return {
      ...plain,
      ...GUARDED,
      nodes: plain.nodes.map((wanted) => ({ ...wanted, settings: SETTINGS, ...node })),
    };
  }

  async function guard(wanted: Cluster, env: NodeJS.ProcessEnv = {}) {
    return (await citus.launch(wanted, env, ["guard"])).ended;
  }

  /** As `terraform apply -target` does it: another container on the same volume. */
  async function replaced(name: string): Promise<void> {
    await citus.remove(name);
    await citus.start(name, { settings: ["max_connections=120"] });
  }

  function commandsIn(output: string): string[] {
    return output.split("\n").flatMap((line) => /^\s+(terraform apply.*)$/.exec(line)?.[1] ?? []);
  }
});

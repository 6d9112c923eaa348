import { describe, expect, it } from "vitest";
import { decide } from "../../../../operations/change/recover/decide";
import type { Situation } from "../../../../operations/change/recover/situation";
import { LABEL } from "../../../../model/contract/labels";
import {
  answered,
  container,
  declared,
  hosts,
  network,
  situation,
  withWorkers,
  without,
} from "./some-situation";

const plan = (more: Partial<Situation>) =>
  decide(situation(more)).map(
    ({ action, host, type, name, reason }) => `${action} ${host} ${type} ${name}: ${reason}`,
  );
const brief = (more: Partial<Situation>) =>
  decide(situation(more)).map(({ action, type, name }) => `${action} ${type} ${name}`);

const WORKER1 = "docker_container.server-b_worker1";
const unregistered = { ...answered, registered: ["10.0.0.1:5432"], recorded: ["server-a/coordinator"] };
const unfinished = { initialisation: "unfinished", healthy: false } as const;

describe("what a recovery adopts", () => {
  it("is nothing where the state has all that exists", () => {
    expect(plan({})).toEqual([]);
  });

  it("is all that is declared and exists, when the state is lost", () => {
    const actions = decide(situation({ state: [] }));
    expect(actions.map(({ action }) => action)).toEqual(Array(11).fill("adopt"));
    const addresses = actions.map((action) => (action.action === "adopt" ? action.address : ""));
    const all = [...declared.containers, ...declared.volumes, ...declared.networks];
    expect(addresses.toSorted()).toEqual(all.map(({ address }) => address).toSorted());
  });

  it("is the container alone, when only that was being made", () => {
    expect(plan({ state: without(WORKER1) })).toEqual([
      "adopt server-b container citus-worker1: not in the state",
    ]);
  });

  it("replaces the entry of a container that is gone, as an old copy of the state has it", () => {
    const old = situation().state.map((each) => (each.address === WORKER1 ? { ...each, id: "gone" } : each));
    expect(decide(situation({ state: old }))).toMatchObject([
      { action: "adopt", address: WORKER1, id: "id of server-b/worker1", replacesEntry: true },
    ]);
  });

  it("replaces the entry of a network that is gone", () => {
    const old = situation().state.map((each) =>
      each.address === "docker_network.server-b" ? { ...each, id: "gone" } : each,
    );
    expect(decide(situation({ state: old }))).toMatchObject([
      { action: "adopt", type: "network", host: "server-b", replacesEntry: true },
    ]);
  });

  it("is a container that was never started, which is started by it", () => {
    const created = container("server-b/worker1", {
      status: "created",
      startedAt: undefined,
      healthy: false,
      initialisation: "unknown",
    });
    expect(
      plan({ state: without(WORKER1), hosts: withWorkers(created, container("server-b/worker2")) }),
    ).toEqual(["adopt server-b container citus-worker1: not in the state; created: it is started"]);
  });

  it("is a registered node that is ill: nothing of it is touched", () => {
    const ill = container("server-b/worker1", { healthy: false, initialisation: "unknown" });
    expect(plan({ state: without(WORKER1), hosts: withWorkers(ill, container("server-b/worker2")) })).toEqual(
      ["adopt server-b container citus-worker1: not in the state; it runs but is not healthy"],
    );
  });

  it("leaves a host out that could not be asked", () => {
    const lost = hosts.map((each) =>
      each.host === "server-b"
        ? { ...each, unreachable: "no route", containers: [], networks: [], volumes: [] }
        : each,
    );
    expect(new Set(decide(situation({ state: [], hosts: lost })).map(({ host }) => host))).toEqual(
      new Set(["server-a"]),
    );
  });
});

describe("a node whose first initialisation was cut off", () => {
  const cutOff = withWorkers(container("server-b/worker1", unfinished), container("server-b/worker2"));
  const gone = [
    "remove container citus-worker1",
    "remove volume citus-worker1",
    "remove volume citus-worker1-archive",
  ];

  it("goes with its volumes, whether the state has it or not", () => {
    expect(brief({ coordinator: unregistered, hosts: cutOff })).toEqual(gone);
    expect(brief({ coordinator: unregistered, hosts: cutOff, state: without(WORKER1) })).toEqual(gone);
  });

  it("is not adopted either way when the state is lost", () => {
    const actions = decide(situation({ coordinator: unregistered, hosts: cutOff, state: [] }));
    expect(
      actions.filter(({ name }) => name.startsWith("citus-worker1")).map(({ action }) => action),
    ).toEqual(["remove", "remove", "remove"]);
  });

  it.each([
    [
      "is registered",
      { ...unregistered, registered: answered.registered },
      "it is registered in the cluster",
    ],
    ["is recorded", { ...unregistered, recorded: answered.recorded }, "it is registered in the cluster"],
    [
      "may be in work",
      { ...unregistered, running: ["pg-dist register"] },
      "pg-dist register is still working on the cluster",
    ],
    ["can't be asked about", { kind: "silent", cause: "down" } as const, "(down)"],
  ])("stays with its volumes when it %s", (_, coordinator, why) => {
    const actions = decide(situation({ coordinator, hosts: cutOff }));
    expect(actions.map(({ action }) => action)).toEqual(["leave", "leave", "leave"]);
    expect(actions[0]?.reason).toContain(why);
    expect(actions.every((action) => action.action === "leave" && action.blocks)).toBe(true);
  });

  it("goes where there is no coordinator yet that could have registered it", () => {
    expect(brief({ coordinator: { kind: "empty" }, hosts: cutOff })).toEqual(gone);
  });

  it("goes too where the coordinator was never made", () => {
    expect(brief({ coordinator: { kind: "absent" }, hosts: cutOff })).toEqual(gone);
  });

  it("may be the coordinator itself", () => {
    const [serverA, ...others] = hosts;
    const first = {
      ...serverA,
      containers: [container("server-a/coordinator", unfinished)],
    } as (typeof hosts)[0];
    expect(brief({ coordinator: { kind: "empty" }, hosts: [first, ...others] })).toEqual([
      "remove container citus-coordinator",
      "remove volume citus-coordinator",
      "remove volume citus-coordinator-archive",
    ]);
  });

  it("stays when a directory of the server holds its data", () => {
    const onDisk = {
      ...declared,
      volumes: declared.volumes.map((volume) => ({ ...volume, device: `/ssd/${volume.name}` })),
    };
    const actions = decide(situation({ coordinator: unregistered, hosts: cutOff, declared: onDisk }));
    expect(actions.map(({ action }) => action)).toEqual(["leave", "leave", "leave"]);
    expect(actions[0]?.reason).toMatch(
      /data is in directories of the server: docker rm -f \S+ and docker volume rm .*, empty \/ssd\//,
    );
  });

  it("is left alone as long as the initialisation runs", () => {
    const running = container("server-b/worker1", { initialisation: "running", healthy: false });
    expect(
      plan({ state: without(WORKER1), hosts: withWorkers(running, container("server-b/worker2")) }),
    ).toEqual([
      "leave server-b container citus-worker1: its first initialisation still runs: wait until it ends and recover again",
    ]);
  });
});

describe("a container that isn't on the network", () => {
  const bridge = { networks: ["bridge"], initialisation: "unknown", healthy: false } as const;

  it("goes without its volumes when it never started: its creation was cut off", () => {
    const created = container("server-b/worker1", { ...bridge, status: "created", startedAt: undefined });
    expect(
      brief({ state: without(WORKER1), hosts: withWorkers(created, container("server-b/worker2")) }),
    ).toEqual(["remove container citus-worker1"]);
  });

  it("is left to a person when it has run", () => {
    const ran = container("server-b/worker1", bridge);
    expect(
      brief({ state: without(WORKER1), hosts: withWorkers(ran, container("server-b/worker2")) }),
    ).toEqual(["leave container citus-worker1"]);
  });
});

describe("a node that is no longer declared", () => {
  const worker3 = container("server-b/worker3");
  const extra = withWorkers(container("server-b/worker1"), container("server-b/worker2"), worker3);

  it("goes without its volumes when it isn't registered", () => {
    expect(brief({ hosts: extra })).toEqual([
      "remove container citus-worker3",
      "leave volume citus-worker3",
      "leave volume citus-worker3-archive",
    ]);
  });

  it("goes with the volume whose name was typed", () => {
    expect(brief({ hosts: extra, removeVolumes: ["citus-worker3"] })).toEqual([
      "remove container citus-worker3",
      "remove volume citus-worker3",
      "leave volume citus-worker3-archive",
    ]);
  });

  it("goes with its volumes when its first initialisation was cut off", () => {
    const cutOff = withWorkers(container("server-b/worker3", unfinished));
    expect(brief({ hosts: cutOff })).toEqual([
      "remove container citus-worker3",
      "remove volume citus-worker3",
      "remove volume citus-worker3-archive",
    ]);
  });

  it.each([
    ["registered", { ...answered, registered: [...answered.registered, "10.0.0.9:5432"] }],
    ["recorded", { ...answered, recorded: [...answered.recorded, "server-b/worker3"] }],
    ["unknown, as the coordinator is silent", { kind: "silent", cause: "down" } as const],
    ["perhaps in work", { ...answered, running: ["pg-dist register"] }],
  ])("stays when it is %s, also with its volume's name typed", (_, coordinator) => {
    expect(brief({ coordinator, hosts: extra, removeVolumes: ["citus-worker3"] })).toEqual([
      "leave container citus-worker3",
    ]);
  });

  it("is Terraform's to drain and destroy when the state has it", () => {
    const known = {
      address: "docker_container.server-b_worker3",
      type: "docker_container",
      name: worker3.name,
      id: worker3.id,
    };
    expect(brief({ hosts: extra, state: [...situation().state, known] })).toEqual([]);
  });

  it("stays when it was a coordinator", () => {
    const old = container("server-b/coordinator");
    expect(
      brief({ hosts: withWorkers(container("server-b/worker1"), container("server-b/worker2"), old) }),
    ).toEqual(["leave container citus-coordinator"]);
  });

  it("keeps the volume that another node's name would claim", () => {
    const other = container("server-x/worker1");
    const coordinator = { ...answered, recorded: [...answered.recorded, "server-x/worker1"] };
    expect(
      brief({ coordinator, state: [], hosts: withWorkers(other).filter(({ host }) => host === "server-b") }),
    ).toEqual([
      "adopt network citus",
      "leave volume citus-worker1",
      "leave volume citus-worker1-archive",
      "adopt volume citus-worker2",
      "adopt volume citus-worker2-archive",
      "leave container citus-worker1",
    ]);
  });
});

describe("a volume whose name was typed", () => {
  it("goes with its declared, unregistered node", () => {
    const coordinator = {
      ...answered,
      registered: ["10.0.0.1:5432", "10.0.0.2:5433"],
      recorded: ["server-b/worker2"],
    };
    expect(brief({ coordinator, removeVolumes: ["citus-worker1"] })).toEqual([
      "remove container citus-worker1",
      "remove volume citus-worker1",
      "remove volume citus-worker1-archive",
    ]);
  });

  it.each(["citus-worker1", "citus-coordinator"])("stays when it is a registered node's: %s", (name) => {
    const actions = decide(situation({ removeVolumes: [name] }));
    expect(actions.map(({ action }) => action)).toEqual(["leave", "leave", "leave"]);
  });

  it("stays when the coordinator is lost with its list of nodes", () => {
    const undeclared = { ...situation({}).declared, containers: [], volumes: [] };
    const actions = decide(
      situation({
        coordinator: { kind: "absent" },
        declared: undeclared,
        removeVolumes: ["citus-worker1"],
        state: [],
      }),
    ).filter(({ name }) => name.startsWith("citus-worker1"));
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.every(({ action }) => action === "leave")).toBe(true);
    expect(actions[0]?.reason).toContain("neither the coordinator's container nor its volume exists");
  });

  it("stays when it is the coordinator's, even of an empty cluster", () => {
    const actions = decide(
      situation({ coordinator: { kind: "empty" }, removeVolumes: ["citus-coordinator"] }),
    );
    expect(actions.every(({ action }) => action === "leave")).toBe(true);
  });
});

describe("what others made", () => {
  it("is not mentioned", () => {
    const others = withWorkers(
      container("server-b/worker1"),
      container("server-b/worker2"),
      { ...container("server-b/web"), name: "web", labels: {}, volumes: ["web"] },
      {
        ...container("server-b/worker9"),
        labels: { ...container("x/y").labels, [LABEL.environment]: "staging" },
      },
      { ...container("server-b/worker8"), labels: { ...container("x/y").labels, [LABEL.cluster]: "other" } },
    );
    expect(brief({ hosts: others })).toEqual([]);
  });

  it("is left alone where it has a name that the configuration needs", () => {
    const foreign = { ...container("server-b/worker1"), labels: {} };
    const found = withWorkers(foreign, container("server-b/worker2")).map((each) => ({
      ...each,
      networks: [{ ...network(each.host), labels: {} }],
    }));
    const [, serverB] = found;
    expect(plan({ state: [], hosts: serverB === undefined ? [] : [serverB] })).toEqual([
      "leave server-b network citus: not made by pg-dist, and the configuration needs its name: remove it, or give the cluster another name",
      "leave server-b volume citus-worker1: container citus-worker1 mounts it, which is not the node that the configuration means",
      "leave server-b volume citus-worker1-archive: container citus-worker1 mounts it, which is not the node that the configuration means",
      "adopt server-b volume citus-worker2: not in the state",
      "adopt server-b volume citus-worker2-archive: not in the state",
      "leave server-b container citus-worker1: not made by pg-dist, and the configuration needs its name: rename or remove it",
      "adopt server-b container citus-worker2: not in the state",
    ]);
  });
});

describe("a network of ours that is no longer declared", () => {
  const undeclared = { ...declared, networks: declared.networks.filter(({ host }) => host !== "server-b") };
  const lost = without("docker_network.server-b").map((each) =>
    each.type === "docker_network" ? { ...each, id: "another" } : each,
  );
  const serverB = hosts.filter(({ host }) => host === "server-b");

  it("goes when nothing is on it", () => {
    const empty = serverB.map((each) => ({ ...each, containers: [] }));
    expect(brief({ declared: undeclared, state: lost, hosts: empty })).toEqual(["remove network citus"]);
  });

  it("stays while a container is on it", () => {
    expect(brief({ declared: undeclared, state: lost, hosts: serverB })).toEqual(["leave network citus"]);
  });
});

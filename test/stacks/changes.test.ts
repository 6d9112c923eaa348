import { describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import { clusterOf, server } from "../model/samples";
import { type Block, configurationOf, resourceAt, resourcesOf } from "../synthesis";

/** What Terraform would compare for a running container: later changes of the ignored arguments don't count. */
function comparedParts(environment: Environment): Record<string, Block> {
  const { provider, resource } = configurationOf(environment);
  const docker = Object.entries(resourcesOf({ resource })).filter(([address]) =>
    address.startsWith("docker_"),
  );
  return Object.fromEntries([
    ...docker.map(([address, block]) => [address, withoutIgnored(block)] as const),
    ...provider.docker.map((block) => [`provider.${block.alias}`, block] as const),
  ]);
}

function withoutIgnored(block: Block): Block {
  const ignored: string[] = block.lifecycle?.ignore_changes ?? [];
  return Object.fromEntries(Object.entries(block).filter(([argument]) => !ignored.includes(argument)));
}

const before = clusterOf({ b: 1, c: { worker1: {}, worker2: {} } });
const hosts = before.hosts;
const workers = before.workers ?? {};

const additions: Record<string, { after: Environment; adds: string[] }> = {
  "a worker host with one worker": {
    after: { ...before, hosts: { ...hosts, d: server(4) }, workers: { ...workers, d: 1 } },
    adds: [
      "docker_container.d_worker1",
      "docker_image.d",
      "docker_network.d",
      "docker_volume.d_worker1",
      "docker_volume.d_worker1_archive",
      "provider.d",
    ],
  },
  "a worker host that stands first in the file": {
    after: { ...before, hosts: { ab: server(9), ...hosts }, workers: { ab: 1, ...workers } },
    adds: [
      "docker_container.ab_worker1",
      "docker_image.ab",
      "docker_network.ab",
      "docker_volume.ab_worker1",
      "docker_volume.ab_worker1_archive",
      "provider.ab",
    ],
  },
  "a worker on a host that has one": {
    after: { ...before, workers: { ...workers, b: 2 } },
    adds: ["docker_container.b_worker2", "docker_volume.b_worker2", "docker_volume.b_worker2_archive"],
  },
  "a worker beside the coordinator": {
    after: { ...before, workers: { ...workers, a: 1 } },
    adds: ["docker_container.a_worker1", "docker_volume.a_worker1", "docker_volume.a_worker1_archive"],
  },
  "a worker with limits and settings of its own": {
    after: {
      ...before,
      workers: {
        ...workers,
        b: {
          worker1: {},
          olap: { port: 7000, memory: 4096, cpus: 2, settings: { max_worker_processes: 64 } },
        },
      },
    },
    adds: ["docker_container.b_olap", "docker_volume.b_olap", "docker_volume.b_olap_archive"],
  },
  "a worker before the others": {
    after: { ...before, workers: { ...workers, b: { worker3: {}, worker1: {} } } },
    adds: ["docker_container.b_worker3", "docker_volume.b_worker3", "docker_volume.b_worker3_archive"],
  },
  "a host without workers": {
    after: { ...before, hosts: { ...hosts, d: server(4) }, workers: { ...workers, d: 0 } },
    adds: ["provider.d"],
  },
  "a worker host whose name every container should know": {
    after: {
      ...before,
      hosts: {
        ...Object.fromEntries(
          Object.entries(hosts).map(([id, host]) => [
            id,
            { ...host, extraHosts: { "d.internal": "10.0.0.4" } },
          ]),
        ),
        d: server(4, { address: "d.internal", bindAddress: "10.0.0.4" }),
      },
      workers: { ...workers, d: 1 },
    },
    adds: [
      "docker_container.d_worker1",
      "docker_image.d",
      "docker_network.d",
      "docker_volume.d_worker1",
      "docker_volume.d_worker1_archive",
      "provider.d",
    ],
  },
};

describe.each(Object.entries(additions))("%s", (_, { after, adds }) => {
  it("joins, or leaves, and changes no container, volume, image, network or provider that is there", () => {
    const [old, grown] = [comparedParts(before), comparedParts(after)];
    expect(
      Object.keys(grown)
        .filter((address) => old[address] === undefined)
        .sort(),
    ).toEqual(adds);
    for (const [address, block] of Object.entries(old)) expect(grown[address], address).toEqual(block);
    // Read the other way round: what leaves takes nothing else with it.
    expect(Object.keys(grown)).toHaveLength(Object.keys(old).length + adds.length);
  });

  it("sets off no guard, unless it has settings of its own", () => {
    const shared = (environment: Environment) => {
      const guard = resourceAt(configurationOf(environment), "null_resource.guard") as {
        triggers: Record<string, string>;
      };
      return Object.entries(guard.triggers).filter(([name]) => !name.startsWith("start-up of"));
    };
    expect(shared(after)).toEqual(shared(before));
  });
});

describe("the first of two workers", () => {
  const after: Environment = { ...before, workers: { ...workers, c: { worker2: {} } } };

  it("leaves while the second stays as it is", () => {
    const [old, shrunk] = [comparedParts(before), comparedParts(after)];
    expect(Object.keys(old).filter((address) => shrunk[address] === undefined)).toEqual([
      "docker_container.c_worker1",
      "docker_volume.c_worker1",
      "docker_volume.c_worker1_archive",
    ]);
    for (const [address, block] of Object.entries(shrunk)) expect(block, address).toEqual(old[address]);
  });

  it("is told apart from it by membership, and registration is run", () => {
    const [one, two] = [before, after].map(configurationOf);
    expect(one?.resource.null_resource?.membership?.for_each).toContain('"c/worker1"');
    expect(two?.resource.null_resource?.membership?.for_each).not.toContain('"c/worker1"');
    expect(two?.resource.null_resource?.registration?.triggers).not.toEqual(
      one?.resource.null_resource?.registration?.triggers,
    );
  });
});

describe("a host that leaves", () => {
  it("first has 0 workers, with the provider that removes all that is there, and then nothing but that provider goes", () => {
    const emptied = comparedParts({ ...before, workers: { ...workers, b: 0 } });
    const { b: _, ...others } = hosts;
    const { b: __, ...otherWorkers } = workers;
    const gone = comparedParts({ ...before, hosts: others, workers: otherWorkers });
    expect(
      Object.keys(emptied)
        .filter((address) => gone[address] === undefined)
        .sort(),
    ).toEqual(["provider.b"]);
    for (const [address, block] of Object.entries(gone)) expect(block, address).toEqual(emptied[address]);
  });
});

describe("an edit replaces exactly what it should", () => {
  it.each([
    [
      "one worker's port",
      { b: { worker1: { port: 6000 } }, c: workers.c ?? 0 },
      ["docker_container.b_worker1"],
    ],
    [
      "one worker's setting",
      { b: { worker1: { settings: { jit: false } } }, c: workers.c ?? 0 },
      ["docker_container.b_worker1"],
    ],
  ])("%s", (_, edited, changed) => {
    const [old, now] = [comparedParts(before), comparedParts({ ...before, workers: edited })];
    expect(Object.keys(old).filter((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]))).toEqual(
      changed,
    );
  });
});

describe("what an apply does after it added workers", () => {
  it("is edited without any change that Terraform sees: it counts when workers are next added", () => {
    const [old, now] = [before, { ...before, rebalance: "after-adding" as const }].map((environment) => {
      const { resource } = configurationOf(environment);
      // Provisioners are no part of a resource's state: their text may change.
      return Object.entries(resourcesOf({ resource })).map(([address, { provisioner: _, ...block }]) => [
        address,
        block,
      ]);
    });
    expect(now).toEqual(old);
  });
});

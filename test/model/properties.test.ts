import { describe, expect, it } from "vitest";
import { type ClusterNode, describeCluster, formatEndpoint } from "../../model/cluster";
import type { Environment } from "../../model/environment";
import { findConflicts, findProblems } from "../../model/validation/validation";
import { Random, chosenSeed, garbage, pathsOf, randomEnvironment, withName, withValue } from "./random";
import { maximal, minimal } from "./samples";

const seed = chosenSeed();
console.log(`Random environments of seed ${seed}; run them again with PGDIST_SEED=${seed}.`);

describe(`random environments of seed ${seed}`, () => {
  const random = new Random(seed);
  // One server, where nodes may do without an address, is a kind of its own: every fourth.
  const environments = Array.from({ length: 160 }, (_, index) => {
    const environment = randomEnvironment(random, index % 4 === 0 ? 1 : 1 + (index % 40));
    return { environment, cluster: describeCluster(environment) };
  });

  it("are right", () => {
    expect(environments.flatMap(({ environment }) => findProblems(environment))).toEqual([]);
  });

  it("have one endpoint, one id and, per Docker host, one container name for each node", () => {
    for (const { cluster } of environments) {
      for (const name of [
        ({ endpoint }: ClusterNode) => formatEndpoint(endpoint),
        ({ id }: ClusterNode) => id,
        ({ host, container }: ClusterNode) => `${host} ${container}`,
      ]) {
        expect(new Set(cluster.nodes.map(name)).size).toBe(cluster.nodes.length);
      }
    }
  });

  it("publish no two nodes of a Docker host on one port", () => {
    for (const { cluster } of environments) {
      const published = cluster.nodes.filter((node) => node.published !== undefined);
      const ports = published.map((node) => `${node.host} ${node.published?.port}`);
      expect(new Set(ports).size).toBe(published.length);
    }
  });
});

describe("a value that nobody means, in any field", () => {
  const cases = [minimal, maximal].flatMap((environment) =>
    pathsOf(environment).flatMap((path) =>
      garbage.map((value) => ({ path: path.join("."), environment: withValue(environment, path, value) })),
    ),
  );

  it(`is a problem or taken, never an exception (${cases.length} cases)`, () => {
    for (const { path, environment } of cases) {
      try {
        findConflicts([environment as Environment, maximal]);
        for (const { field, problem } of findProblems(environment as Environment)) {
          expect([typeof field, typeof problem]).toEqual(["string", "string"]);
        }
      } catch (error) {
        throw new Error(`${path}: findProblems threw`, { cause: error });
      }
    }
  });

  it("where it has the field's type, lets the cluster be described", () => {
    for (const { path, environment } of cases.filter((each) => isOfType(each.environment))) {
      try {
        describeCluster(environment as Environment);
      } catch (error) {
        throw new Error(`${path}: describeCluster threw`, { cause: error });
      }
    }
  });

  it.each([
    [undefined, "environment: is missing: it must be an object"],
    [null, "environment: must be an object, not null"],
    [[], "environment: must be an object, not a list"],
    [{ ...minimal, name: 1 }, "name: must be text, not a number"],
    [{ ...minimal, hosts: undefined }, "hosts: is missing: it must be an object"],
    [{ ...minimal, hosts: { here: null } }, "hosts.here: must be an object, not null"],
    [{ ...minimal, workers: { here: "2" } }, "workers.here: must be a count or workers by name, not text"],
    [{ ...minimal, memory: "2GB" }, "memory: must be a number, not text"],
    [{ ...minimal, protected: "no" }, "protected: must be true or false, not text"],
    [{ ...minimal, rollout: "rolling" }, 'rollout: must be one of refuse, all-at-once, not "rolling"'],
    [{ ...minimal, rebalance: true }, "rebalance: must be one of manual, after-adding, not true or false"],
    [
      { ...minimal, settings: { jit: null } },
      "settings.jit: must be text, a number, true or false, not null",
    ],
    [{ ...minimal, backend: { type: "s3" } }, "backend.config: is missing: it must be an object"],
    [
      { ...minimal, backend: { type: "remote", config: {} } },
      'backend.type: must be one of local, cloud, s3, gcs, azurerm, http, pg, consul, cos, oss, kubernetes, not "remote"',
    ],
  ])("of another type says what it must be: %j", (environment, expected) => {
    expect(
      findProblems(environment as unknown as Environment).map((each) => `${each.field}: ${each.problem}`),
    ).toEqual([expected]);
  });
});

describe("a field that is misspelt", () => {
  // What a user names: hosts, workers, settings and so on. Everything else is a field; of a backend whose type is missing
  // nothing more can be said.
  const OWN_NAME =
    /^(hosts\.[^.]+|hosts\.[^.]+\.extraHosts\..+|.*dns\..+|.*sshOptions\..+|workers\.[^.]+(\.[^.]+)?|(.*\.)?settings\..+|backend\.(type|config\..+))$/;
  const local: Environment = { ...minimal, backend: { type: "local", path: "state/x" } };
  const cases = [maximal, local].flatMap((environment) =>
    pathsOf(environment)
      .filter((path) => path.length > 0 && !OWN_NAME.test(path.join(".")))
      .map((path) => ({ environment, path })),
  );

  it.each(cases.map((each) => [each.path.join("."), each] as const))("%s", (_, { environment, path }) => {
    const name = path.at(-1) ?? "";
    for (const misspelt of [`${name}${name.at(-1)}`, name.slice(0, 1) + name.slice(2)]) {
      const found = findProblems(withName(environment, path, misspelt) as Environment);
      expect(found).toContainEqual({
        environment: path.join(".") === "name" ? "(no name)" : environment.name,
        field: [...path.slice(0, -1), misspelt].join("."),
        problem: expect.stringMatching(/^is not a field: write /),
      });
      expect(found.find(({ field }) => field.endsWith(misspelt))?.problem).toContain(`write ${name}`);
    }
  });

  it("or made up, says which there are", () => {
    const made = { ...minimal, coordinator: { host: "here", replicas: 2 } };
    expect(findProblems(made).map(({ field, problem }) => `${field}: ${problem}`)).toEqual([
      "coordinator.replicas: is not a field: use one of host, memory, cpus, settings, port",
    ]);
  });
});

function isOfType(environment: unknown): boolean {
  return !findProblems(environment as Environment).some(({ problem }) =>
    /must be .*, not |is missing: it must/.test(problem),
  );
}

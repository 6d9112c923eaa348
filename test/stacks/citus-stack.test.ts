import { describe, expect, it } from "vitest";
import type { Backend } from "../../model/environment";
import { local } from "../../environments/local";
import { production } from "../../environments/production";
import { clusterOf, maximal, minimal, server } from "../model/samples";
import { configurationOf, resourcesOf, synthesizedFiles } from "../synthesis";

describe("the production stack", () => {
  it("has these Terraform addresses: a renamed one destroys what it named", () => {
    const configuration = configurationOf(production);
    const addresses = [
      ...Object.keys(resourcesOf(configuration)),
      ...configuration.provider.docker.map(({ alias }) => `provider docker.${alias}`),
      ...Object.keys(configuration.variable).map((name) => `var.${name}`),
      ...Object.keys(configuration.output).map((name) => `output.${name}`),
    ];
    expect(addresses.sort()).toMatchSnapshot();
  });

  it("is this configuration, down to every argument", () => {
    const json = JSON.stringify(configurationOf(production), null, 2);
    // The program and the cluster's digest have tests of their own (constructs/program.test.ts).
    expect(
      json.replace(/[0-9A-F]{32}/g, "<hash>").replace(/(--expect) [0-9a-f]{12}/g, "$1 <digest>"),
    ).toMatchSnapshot();
  });

  it("is the same bytes when it is synthesized again", () => {
    const files = synthesizedFiles(local, production);
    expect(Object.keys(files)).toHaveLength(9);
    expect(synthesizedFiles(local, production)).toEqual(files);
  });
});

describe("every stack", () => {
  it.each([local, production, maximal, minimal])(
    "$name: every resource names its provider or has only one",
    (each) => {
      const configuration = configurationOf(each);
      const aliases = configuration.provider.docker.map(({ alias }) => `docker.${alias}`);
      for (const [address, { provider }] of Object.entries(resourcesOf(configuration))) {
        if (address.startsWith("docker_")) expect(aliases, address).toContain(provider);
      }
      expect(configuration.provider.null).toEqual([{}]);
    },
  );

  it.each(["coordinator", "null", "backend", "b-workers", "docker-hosts", "worker-hosts", "b"])(
    "lets a Docker host have the id %s, whatever its own constructs are called",
    (id) => {
      const hosts = { a: server(1), b: server(2), [id]: server(3) };
      const environment = {
        ...clusterOf({}),
        hosts,
        coordinator: { host: id },
        workers: { a: 1, b: 1, [id]: 1 },
      };
      const addresses = Object.keys(resourcesOf(configurationOf(environment)));
      expect(addresses).toContain(`docker_container.${id}_coordinator`);
      expect(addresses).toContain(`docker_container.${id}_worker1`);
    },
  );

  it("has the lock file and the cluster beside its configuration", () => {
    const paths = Object.keys(synthesizedFiles(minimal)).filter((path) => path.startsWith("stacks/dev/"));
    expect(paths.map((path) => path.replace(/assets\/.*\//, "assets/.../"))).toEqual([
      "stacks/dev/.terraform.lock.hcl",
      "stacks/dev/assets/.../pg-dist.mjs",
      "stacks/dev/cdk.tf.json",
      "stacks/dev/cluster.json",
    ]);
  });

  it("keeps what earlier runs left beside it out of a remote run's upload, and of no other's folder", () => {
    const path = "stacks/dev/.terraformignore";
    const backend = { type: "cloud", organization: "acme", workspace: "production" } as const;
    const rules = synthesizedFiles({ ...minimal, backend })[path] ?? "";
    for (const rule of ["plan", "*.plan", "*.plan.review.json", "*.tfstate*"])
      expect(rules.split("\n")).toContain(rule);
    expect(synthesizedFiles(minimal)).not.toHaveProperty([path]);
  });

  it("locks the provider versions that its configuration asks for", () => {
    const lock = synthesizedFiles(minimal)["stacks/dev/.terraform.lock.hcl"] ?? "";
    const { docker, null: nothing } = configurationOf(minimal).terraform.required_providers;
    // Terraform reads the short source "null" as hashicorp/null.
    for (const [source, version] of [
      ["kreuzwerker/docker", docker?.version],
      ["hashicorp/null", nothing?.version],
    ]) {
      const [, block = ""] =
        new RegExp(`"registry\\.terraform\\.io/${source}" \\{([^}]*)\\}`).exec(lock) ?? [];
      expect(block).toContain(`constraints = "${version}"`);
    }
  });

  it("takes the password from a variable that is an error, and no prompt, where it is missing", () => {
    expect(configurationOf(minimal).variable).toEqual({
      postgres_password: {
        type: "string",
        sensitive: true,
        description: "Password of PostgreSQL's superuser on every node",
        default: "",
        validation: [
          {
            condition: "${length(var.postgres_password) > 0}",
            error_message:
              "The superuser's password is missing: set TF_VAR_postgres_password in the environment.",
          },
        ],
      },
    });
  });
});

describe("outputs", () => {
  it("tell where to connect, without a password", () => {
    expect(configurationOf(maximal).output).toEqual({
      connection_string: { value: "postgres://admin@a.internal:6432/orders-db" },
      coordinator_endpoint: { value: "a.internal:6432" },
      worker_endpoints: {
        value: {
          "a/worker1": "a.internal:6433",
          "b/worker2": "10.0.0.2:5433",
          "b/olap": "10.0.0.2:7000",
        },
      },
    });
  });

  it("are the published loopback port where the nodes have no address for others", () => {
    const environment = { ...minimal, coordinator: { host: "here", port: 15432 }, workers: { here: 1 } };
    expect(configurationOf(environment).output).toEqual({
      connection_string: { value: "postgres://postgres@127.0.0.1:15432/postgres" },
      coordinator_endpoint: { value: "127.0.0.1:15432" },
      worker_endpoints: { value: { "here/worker1": "citus-worker1:5432" } },
    });
  });
});

describe("the backend is explicit, with no path of this machine", () => {
  const backendOf = (backend?: Backend) => configurationOf({ ...minimal, backend }).terraform.backend;

  it("local by default, in the project's folder", () => {
    expect(backendOf()).toEqual({ local: { path: "../../../state/dev.tfstate" } });
    expect(backendOf({ type: "local", path: "states/x" })).toEqual({ local: { path: "../../../states/x" } });
  });

  it("any of Terraform's with its own arguments", () => {
    const config = { bucket: "state", key: "citus", use_lockfile: true };
    expect(backendOf({ type: "s3", config })).toEqual({ s3: config });
  });

  it("HCP Terraform with one workspace", () => {
    const environment = {
      ...clusterOf({ b: 1 }),
      backend: { type: "cloud", organization: "acme", workspace: "citus", project: "data" } as const,
    };
    expect(configurationOf(environment).terraform).toMatchObject({
      cloud: { organization: "acme", workspaces: { name: "citus", project: "data" } },
    });
  });
});

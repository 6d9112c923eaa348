import { describe, expect, it } from "vitest";
import { clusterOf, maximal, minimal, server } from "../model/samples";
import { configurationOf, resourceAt, resourcesOf } from "../synthesis";

describe("a Docker host", () => {
  it("is a provider configuration that the user's own DOCKER_CONTEXT and certificates don't reach", () => {
    const configuration = configurationOf(clusterOf({ b: 1 }));
    expect(configuration.provider.docker[1]).toEqual({
      alias: "b",
      host: "ssh://root@10.0.0.2",
      ssh_opts: [
        ...["-o", "BatchMode=yes"],
        ...["-o", "StrictHostKeyChecking=yes"],
        ...["-o", "ConnectTimeout=10"],
        ...["-o", "ServerAliveInterval=15"],
        ...["-o", "ServerAliveCountMax=3"],
      ],
      context: "",
      cert_path: "",
      ca_material: "",
      cert_material: "",
      key_material: "",
    });
  });

  it("has ssh options only over ssh", () => {
    const [provider] = configurationOf(minimal).provider.docker;
    expect(provider).toMatchObject({ host: "unix:///var/run/docker.sock" });
    expect(provider?.ssh_opts).toBeUndefined();
  });

  it("is pinned to a provider that neither deletes a stopped container nor replaces one for its health check", () => {
    expect(configurationOf(minimal).terraform.required_providers.docker).toEqual({
      source: "kreuzwerker/docker",
      version: "~> 4.5.0",
    });
  });

  it("has the cluster's network and image once, whatever it carries", () => {
    const configuration = configurationOf(clusterOf({ a: 2, b: 2 }, { cluster: "orders" }));
    const addresses = Object.keys(resourcesOf(configuration));
    expect(addresses.filter((address) => /^docker_(network|image)\./.test(address)).sort()).toEqual([
      "docker_image.a",
      "docker_image.b",
      "docker_network.a",
      "docker_network.b",
    ]);
    expect(resourceAt(configuration, "docker_network.a")).toMatchObject({
      provider: "docker.a",
      name: "orders",
      driver: "bridge",
      labels: [{ label: "pg-dist.cluster", value: "orders" }],
    });
    expect(resourceAt(configuration, "docker_image.b")).toEqual({
      provider: "docker.b",
      name: "citusdata/citus:13.0.3",
      keep_locally: true,
    });
  });

  it("keeps the network that it has: another subnet would replace it under the containers", () => {
    expect(resourceAt(configurationOf(minimal), "docker_network.here").lifecycle).toEqual({
      ignore_changes: ["ipam_config"],
    });
  });

  it("pins the network's subnet", () => {
    const configuration = configurationOf(maximal);
    expect(resourceAt(configuration, "docker_network.a").ipam_config).toEqual([{ subnet: "10.99.0.0/24" }]);
    expect(resourceAt(configuration, "docker_network.b").ipam_config).toEqual([
      { subnet: expect.stringMatching(/^10\.213\.\d+\.0\/24$/) },
    ]);
  });
});

describe("TLS of tcp:// connections", () => {
  const tls = (prefixes: string[]) =>
    configurationOf(
      clusterOf(Object.fromEntries(prefixes.map((_, index) => ["bcd"[index], 1])), {
        hosts: {
          a: server(1),
          ...Object.fromEntries(
            prefixes.map((prefix, index) => [
              "bcd"[index],
              server(index + 2, { connection: `tcp://10.0.0.${index + 2}:2376`, tls: prefix }),
            ]),
          ),
        },
      }),
    );

  it("comes from sensitive variables, one set for all hosts that name it", () => {
    const configuration = tls(["docker", "docker", "other"]);
    expect(Object.keys(configuration.variable).sort()).toEqual([
      "docker_ca",
      "docker_cert",
      "docker_key",
      "other_ca",
      "other_cert",
      "other_key",
      "postgres_password",
    ]);
    for (const index of [1, 2]) {
      expect(configuration.provider.docker[index]).toMatchObject({
        ca_material: "${var.docker_ca}",
        cert_material: "${var.docker_cert}",
        key_material: "${var.docker_key}",
        cert_path: "",
      });
    }
  });

  it("that is missing is an error that names the variable", () => {
    expect(tls(["docker"]).variable.docker_key).toEqual({
      type: "string",
      sensitive: true,
      default: "",
      description: "PEM of the client certificate's key",
      validation: [
        {
          condition: "${length(var.docker_key) > 0}",
          error_message: "PEM of the client certificate's key: set TF_VAR_docker_key.",
        },
      ],
    });
  });
});

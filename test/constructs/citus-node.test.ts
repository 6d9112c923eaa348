import { describe, expect, it } from "vitest";
import { clusterOf, maximal, minimal, server } from "../model/samples";
import { configurationOf, resourceAt, resourcesOf } from "../synthesis";
import { operationsOf } from "./steps";

const plain = clusterOf({ b: 2 });

describe("a node's container", () => {
  it("names its provider, image, network and volumes", () => {
    const container = resourceAt(configurationOf(plain), "docker_container.b_worker2");
    expect(container).toMatchObject({
      provider: "docker.b",
      name: "citus-worker2",
      image: "citusdata/citus:13.0.3",
      depends_on: ["docker_image.b"],
      networks_advanced: [{ name: "${docker_network.b.name}" }],
      mounts: [
        { type: "volume", source: "${docker_volume.b_worker2.name}", target: "/var/lib/postgresql" },
        {
          type: "volume",
          source: "${docker_volume.b_worker2_archive.name}",
          target: "/var/lib/postgresql-archive",
        },
      ],
      ports: [{ internal: 5432, external: 5433, ip: "10.0.0.2" }],
    });
  });

  it("ignores later changes of what would replace a running database", () => {
    const { lifecycle } = resourceAt(configurationOf(plain), "docker_container.b_worker1");
    expect(lifecycle).toEqual({
      ignore_changes: ["ports", "env", "host", "dns", "networks_advanced", "log_opts", "labels"],
    });
  });

  it("stops cleanly, starts again, and waits until Citus answers", () => {
    const container = resourceAt(configurationOf(plain), "docker_container.a_coordinator");
    expect(container).toMatchObject({
      restart: "unless-stopped",
      must_run: true,
      stop_signal: "SIGINT",
      wait: true,
      log_driver: "json-file",
      log_opts: { "max-size": "50m", "max-file": "5" },
      security_opts: ["no-new-privileges:true"],
    });
    expect(container.destroy_grace_seconds).toBeGreaterThanOrEqual(120);
    expect(container.stop_timeout).toBe(container.destroy_grace_seconds);
    expect(container.healthcheck.test.join(" ")).toContain("-h 127.0.0.1 -U postgres -d postgres");
    expect(container.healthcheck.test.at(-1)).toContain("pg_extension WHERE extname = 'citus'");
  });

  it("is looked at before it is destroyed to be made anew, by a command that another node doesn't change", () => {
    const guardOf = (workers: number) => {
      const container = resourceAt(configurationOf(clusterOf({ b: workers })), "docker_container.b_worker1");
      expect(operationsOf(container)).toEqual(["destroy guard --cluster cluster.json --node b/worker1"]);
      return container.provisioner as object;
    };
    expect(guardOf(1)).toEqual(guardOf(2));
  });

  it("carries the data below its volume, by PostgreSQL's major version, with checksums", () => {
    const { env } = resourceAt(configurationOf(maximal), "docker_container.b_olap");
    expect(env).toEqual([
      "POSTGRES_USER=admin",
      "POSTGRES_DB=orders-db",
      "POSTGRES_PASSWORD=${var.postgres_password}",
      "POSTGRES_INITDB_ARGS=--data-checksums",
      "PGDATA=/var/lib/postgresql/16/docker",
    ]);
  });

  it("has its identity and endpoint on the command line, so that another endpoint replaces exactly it", () => {
    const { command } = resourceAt(configurationOf(plain), "docker_container.b_worker2");
    expect(command).toEqual([
      "postgres",
      ...["-c", "max_worker_processes=16"],
      ...["-c", "shared_preload_libraries=citus"],
      ...["-c", "wal_level=logical"],
      ...["-c", "cluster_name=citus b/worker2 10.0.0.2:5433"],
    ]);
  });

  it("has there too where its port is published, if that is not its endpoint: ports alone are never compared", () => {
    const published = (bindAddress: string) => {
      const host = server(2, { address: "b.example.com", bindAddress, allowPublicBind: true });
      const environment = clusterOf({ b: 2 });
      const { command } = resourceAt(
        configurationOf({ ...environment, hosts: { ...environment.hosts, b: host } }),
        "docker_container.b_worker2",
      ) as { command: string[] };
      return command.filter((word) => word.startsWith("pgdist."));
    };
    expect(published("0.0.0.0")).toEqual(["pgdist.published=0.0.0.0:5433"]);
    expect(published("10.0.0.2")).toEqual(["pgdist.published=10.0.0.2:5433"]);
  });

  it("gets limits without swap, its own before the environment's, and none where none are given", () => {
    const configuration = configurationOf(maximal);
    expect(resourceAt(configuration, "docker_container.b_olap")).toMatchObject({
      memory: 8192,
      memory_swap: 8192,
      cpus: "0.5",
    });
    expect(resourceAt(configuration, "docker_container.b_worker2")).toMatchObject({
      memory: 2048,
      cpus: "1.5",
    });
    const unlimited = resourceAt(configurationOf(plain), "docker_container.b_worker1");
    expect([unlimited.memory, unlimited.memory_swap, unlimited.cpus]).toEqual([0, 0, undefined]);
  });

  it("gets the host's names and name servers", () => {
    const container = resourceAt(configurationOf(maximal), "docker_container.a_worker1");
    expect(container.host).toEqual([
      { host: "a.internal", ip: "10.0.0.1" },
      { host: "b.internal", ip: "10.0.0.2" },
    ]);
    expect(container.dns).toEqual(["10.0.0.53", "fd00::53"]);
    const other = resourceAt(configurationOf(plain), "docker_container.b_worker1");
    expect([other.host, other.dns]).toEqual([[], undefined]);
  });

  it("is labelled with its cluster, so that it is found without a state", () => {
    const { labels } = resourceAt(configurationOf(maximal), "docker_container.b_olap");
    expect(
      Object.fromEntries(labels.map(({ label, value }: Record<string, string>) => [label, value])),
    ).toEqual({
      "pg-dist.cluster": "orders",
      "pg-dist.environment": "everything",
      "pg-dist.node": "b/olap",
      "pg-dist.endpoint": "10.0.0.2:7000",
    });
  });

  it("is published only on its host's bind address: beside the coordinator's loopback nothing without an address", () => {
    const configuration = configurationOf({ ...minimal, workers: { here: 2 } });
    expect(resourceAt(configuration, "docker_container.here_coordinator").ports).toEqual([
      { internal: 5432, external: 5432, ip: "127.0.0.1" },
    ]);
    expect(resourceAt(configuration, "docker_container.here_worker1").ports).toBeUndefined();
    expect(resourceAt(configurationOf(maximal), "docker_container.a_coordinator").ports).toEqual([
      { internal: 5432, external: 6432, ip: "10.0.0.1" },
    ]);
  });
});

describe("a node's volumes", () => {
  it("have no label and no option, which would replace them with the data", () => {
    const volumes = Object.entries(resourcesOf(configurationOf(plain))).filter(([address]) =>
      address.startsWith("docker_volume."),
    );
    expect(volumes).toHaveLength(6);
    for (const [address, { lifecycle: _, ...volume }] of volumes) {
      expect(volume, address).toEqual({ provider: expect.any(String), name: expect.any(String) });
    }
  });

  it("are kept by prevent_destroy only for the coordinator's data in a protected environment", () => {
    const kept = (configuration: ReturnType<typeof configurationOf>) =>
      Object.entries(resourcesOf(configuration)).flatMap(([address, { lifecycle }]) =>
        lifecycle?.prevent_destroy === true ? [address] : [],
      );
    expect(kept(configurationOf(plain))).toEqual(["docker_volume.a_coordinator"]);
    expect(kept(configurationOf({ ...plain, ephemeral: true, protected: true }))).toEqual([
      "docker_volume.a_coordinator",
    ]);
    expect(kept(configurationOf({ ...plain, protected: false }))).toEqual([]);
    expect(kept(configurationOf({ ...plain, ephemeral: true }))).toEqual([]);
  });

  it("lie in a directory each of the server's dataPath where it says one", () => {
    const hosts = { a: server(1), b: server(2, { dataPath: "/mnt/ssd" }) };
    const configuration = configurationOf(clusterOf({ b: 1 }, { hosts }));
    expect(resourceAt(configuration, "docker_volume.b_worker1")).toEqual({
      provider: "docker.b",
      name: "citus-worker1",
      driver: "local",
      driver_opts: { type: "none", o: "bind", device: "/mnt/ssd/citus-worker1" },
      lifecycle: { ignore_changes: ["driver", "driver_opts"] },
    });
    expect(resourceAt(configuration, "docker_volume.b_worker1_archive").driver_opts.device).toBe(
      "/mnt/ssd/citus-worker1-archive",
    );
  });
});

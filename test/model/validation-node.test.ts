import { describe, expect, it } from "vitest";
import { problemsOf, refused, withWorkers } from "./refused";
import { minimal } from "./samples";

describe("the image", () => {
  refused(
    "an image that is none",
    { ...minimal, image: "Citus:13", postgresMajor: 17 },
    `image: "Citus:13" is not an image reference: write name:tag or name@sha256:digest`,
  );
  for (const image of [
    "citusdata/citus",
    "citusdata/citus:latest",
    "citusdata/citus:13",
    "citusdata/citus:postgres_17",
    "citusdata/citus:13.0",
    "citusdata/citus:alpine",
    "citusdata/citus:nightly",
    "registry.example.com/citus:stable",
    "registry.example.com/citus:alpine-pg17",
  ]) {
    refused(
      `the floating tag of ${image}`,
      { ...minimal, image, postgresMajor: 17 },
      `image: "${image}" can change PostgreSQL's major version under the data: pin a full version, e.g. citusdata/citus:13.0.3`,
    );
  }
  for (const image of [
    "a:b:c",
    "a//b:1.0",
    "a/:1.0",
    "-a:1.0",
    "a/B:1.0",
    "citusdata/citus:",
    "registry:/citus:1.0",
  ]) {
    refused(
      `the image ${image}`,
      { ...minimal, image, postgresMajor: 17 },
      `image: "${image}" is not an image reference: write name:tag or name@sha256:digest`,
    );
  }
  refused(
    "a tag of a PostgreSQL that Citus doesn't run on",
    { ...minimal, image: "citusdata/citus:13.0.3-pg99" },
    `image: PostgreSQL 99 of "citusdata/citus:13.0.3-pg99" must be 15, 16, 17 or 18, the versions that Citus 13 and 14 run on`,
  );
  refused(
    "an image that doesn't tell its PostgreSQL",
    { ...minimal, image: "registry.example.com/citus:2025.1" },
    `postgresMajor: is missing: "registry.example.com/citus:2025.1" doesn't show PostgreSQL's major version`,
  );
  refused(
    "a PostgreSQL that Citus doesn't run on",
    { ...minimal, postgresMajor: 14 },
    "postgresMajor: 14 must be 15, 16, 17 or 18, the versions that Citus 13 and 14 run on",
  );
  refused(
    "a tag whose PostgreSQL contradicts the field",
    { ...minimal, postgresMajor: 16 },
    `postgresMajor: 16 contradicts image "citusdata/citus:13.0.3", which holds PostgreSQL 17: leave it out, or choose the image's -pg16 tag`,
  );
});

describe("a node", () => {
  refused(
    "a worker's name that can't name a container",
    withWorkers({ "Worker 1": { port: 5432 } }),
    `workers.b.Worker 1: "Worker 1" must start with a letter and hold only a-z, 0-9 and "-" (40 at most): it names the container`,
  );
  refused(
    "an identity that PostgreSQL would cut",
    { ...withWorkers({ ["w".repeat(30)]: { port: 5432 } }), cluster: "c".repeat(40) },
    `workers.b.${"w".repeat(30)}: "${"c".repeat(40)} b/${"w".repeat(30)}" has 73 characters, 62 at most: shorten the name of the cluster, host or worker`,
  );
  refused(
    "a worker called coordinator",
    withWorkers({ coordinator: { port: 5432 } }),
    `workers.b.coordinator: "coordinator" is the coordinator's own name: choose another, e.g. worker1`,
  );
  refused(
    "a worker whose volume would be another's archive",
    withWorkers({ "worker1-archive": { port: 5432 } }),
    `workers.b.worker1-archive: "worker1-archive" would share a volume name with a node's archive: choose another`,
  );
  refused(
    "a name without a default port",
    withWorkers({ olap: {} }),
    "workers.b.olap.port: is missing: only workers named worker1, worker2, ... have a default port",
  );
  for (const port of [0, 65536, 5432.5, -1, NaN]) {
    refused(
      `port ${port}`,
      withWorkers({ worker1: { port } }),
      `workers.b.worker1.port: ${port} must be a port from 1 to 65535`,
    );
  }
  refused(
    "the coordinator's port out of range",
    { ...minimal, coordinator: { host: "here", port: 70000 } },
    "coordinator.port: 70000 must be a port from 1 to 65535",
  );
  refused(
    "a port that is never published",
    { ...minimal, workers: { here: { worker1: { port: 6000 } } } },
    "workers.here.worker1.port: 6000 would never be published, as Docker host here has no address: leave it out",
  );
  refused(
    "too little memory",
    withWorkers({ worker1: { memory: 128 } }),
    "workers.b.worker1.memory: 128 MB is too small to start: use 256 MB or more, as a whole number",
  );
  refused(
    "the environment's memory below the shared buffers of one node",
    { ...withWorkers({ worker1: { settings: { shared_buffers: "1GB" } } }), memory: 1024 },
    "workers.b.worker1.memory: 1024 MB is too small for shared_buffers=1GB, which may take at most three quarters of it",
  );
  refused(
    "memory below its shared buffers",
    withWorkers({ worker1: { memory: 1024, settings: { shared_buffers: "1GB" } } }),
    "workers.b.worker1.memory: 1024 MB is too small for shared_buffers=1GB, which may take at most three quarters of it",
  );
  refused(
    "shared buffers in PostgreSQL's blocks",
    withWorkers({ worker1: { memory: 1024, settings: { shared_buffers: 131072 } } }),
    "workers.b.worker1.memory: 1024 MB is too small for shared_buffers=131072, which may take at most three quarters of it",
  );
  refused(
    "no CPUs",
    withWorkers({ worker1: { cpus: 0 } }),
    "workers.b.worker1.cpus: 0 must be a number of CPUs above 0, e.g. 1.5",
  );
  refused(
    "a setting's name that is none",
    { ...minimal, settings: { "work mem": "1MB" } },
    `settings.work mem: "work mem" is not the name of a PostgreSQL setting`,
  );
  refused(
    "a setting in another case, by which one could be given twice",
    { ...minimal, settings: { TimeZone: "UTC", timezone: "UTC" } },
    `settings.TimeZone: "TimeZone" must be in lower case: write timezone`,
  );
  refused(
    "a reserved setting in another case",
    withWorkers({ worker1: { settings: { Port: 6000 } } }),
    `workers.b.worker1.settings.Port: "Port" must be in lower case: write port`,
  );
  refused(
    "a setting with a line break",
    withWorkers({ worker1: { settings: { work_mem: "1MB\n" } } }),
    "workers.b.worker1.settings.work_mem: has a control character in its value",
  );
  for (const [name, reason] of [
    ["cluster_name", "it carries the node's identity"],
    ["config_file", "the image keeps it in the data directory"],
    ["data_directory", "it is on the node's volume"],
    ["hba_file", "the image keeps it in the data directory"],
    ["ident_file", "the image keeps it in the data directory"],
    ["listen_addresses", "the container must listen on all of its interfaces"],
    ["pgdist.published", "it carries where the node's port is published"],
    ["port", "inside the container it is always 5432; the published port is the node's"],
    ["unix_socket_directories", "the image's entrypoint uses the default"],
  ] as const) {
    refused(
      `the setting ${name}`,
      { ...minimal, coordinator: { host: "here", settings: { [name]: "x" } } },
      `coordinator.settings.${name}: can't be set here: ${reason}`,
    );
  }
  it("takes the names of what every object has for settings like others", () => {
    expect(problemsOf({ ...minimal, settings: { constructor: "x" } })).toEqual([]);
  });

  refused(
    "a wal_level that can't move shards",
    { ...minimal, settings: { wal_level: "replica" } },
    `settings.wal_level: "replica": Citus moves shards online by logical replication; only "logical" will do`,
  );
  refused(
    "a password that would be asked for as MD5",
    { ...minimal, settings: { password_encryption: "md5" } },
    `settings.password_encryption: "md5": the password is sent to servers by SCRAM only; leave it at "scram-sha-256"`,
  );
  refused(
    "libraries without Citus first",
    { ...minimal, settings: { shared_preload_libraries: "pg_stat_statements,citus" } },
    `settings.shared_preload_libraries: "pg_stat_statements,citus": Citus must come first, e.g. "citus,pg_stat_statements"`,
  );
});

import { type Cluster, type ClusterNode, clusterName, majorOfImage } from "./cluster";
import { cpusText, isStableCpus } from "./cpus";
import type { Environment, Settings } from "./environment";
import type { Report } from "./problem";

/** PostgreSQL's 128 MB of shared buffers, Citus' connections and its background workers start in this, in MB. */
const LEAST_MEMORY = 256;

/** Start-up settings that the product or the image decides, with the reason. */
const RESERVED_SETTINGS: Readonly<Record<string, string>> = {
  cluster_name: "it carries the node's identity",
  config_file: "the image keeps it in the data directory",
  data_directory: "it is on the node's volume",
  hba_file: "the image keeps it in the data directory",
  ident_file: "the image keeps it in the data directory",
  listen_addresses: "the container must listen on all of its interfaces",
  port: "inside the container it is always 5432; the published port is the node's",
  unix_socket_directories: "the image's entrypoint uses the default",
};

/** PostgreSQL cuts `cluster_name` here, in bytes (NAMEDATALEN - 1). */
const LONGEST_CLUSTER_NAME = 63;

export function checkImage(environment: Environment, cluster: Cluster, report: Report): void {
  const image = cluster.nodes[0]?.image ?? "";
  const reference =
    /^(?<name>[a-z0-9][a-z0-9._/:-]*?)(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?<digest>@sha256:[0-9a-f]{64})?$/.exec(
      image,
    );
  if (reference === null) {
    report("image", `"${image}" is not an image reference: write name:tag or name@sha256:digest.`);
    return;
  }
  const { tag, digest } = reference.groups ?? {};
  if (
    digest === undefined &&
    (tag === undefined || tag === "latest" || /^\d+(-|$)/.test(tag) || /^postgres_\d+$/.test(tag))
  ) {
    report(
      "image",
      `"${image}" can change its PostgreSQL major under the data: pin a full version, e.g. citusdata/citus:13.0.3.`,
    );
  }
  const major = majorOfImage(image);
  if (environment.postgresMajor === undefined) {
    if (major === undefined)
      report("postgresMajor", `is missing: "${image}" doesn't tell PostgreSQL's major version.`);
  } else if (
    !Number.isInteger(environment.postgresMajor) ||
    environment.postgresMajor < 15 ||
    environment.postgresMajor > 18
  ) {
    report(
      "postgresMajor",
      `${environment.postgresMajor} must be 15, 16, 17 or 18: what Citus 13 and 14 run on.`,
    );
  } else if (major !== undefined && major !== environment.postgresMajor) {
    report(
      "postgresMajor",
      `${environment.postgresMajor} contradicts image "${image}", which holds PostgreSQL ${major}: leave it out, or choose the image's -pg${environment.postgresMajor} tag.`,
    );
  }
}

export function checkNode(environment: Environment, node: ClusterNode, report: Report): void {
  const at = node.role === "coordinator" ? "coordinator" : `workers.${node.host}.${node.name}`;
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(node.name)) {
    report(
      at,
      `"${node.name}" must start with a letter and hold only a-z, 0-9 and "-" (40 at most): it names the container.`,
    );
  }
  // It begins with the cluster and the node's id, by which a server is told that was registered but never recorded.
  const identity = `${clusterName(environment)} ${node.id}`;
  if (identity.length >= LONGEST_CLUSTER_NAME) {
    report(
      at,
      `"${identity}" has ${identity.length} characters, ${LONGEST_CLUSTER_NAME - 1} at most: shorten the name of the cluster, host or worker.`,
    );
  }
  if (node.role === "worker" && node.name === "coordinator") {
    report(at, `"coordinator" is the coordinator's own name: choose another, e.g. worker1.`);
  }
  if (node.name.endsWith("-archive")) {
    report(at, `"${node.name}" would share a volume name with a node's archive: choose another.`);
  }
  checkPort(environment, node, at, report);
  checkLimits(node, at, report);
  checkSettings(environment, node, at, report);
}

function checkPort(environment: Environment, node: ClusterNode, at: string, report: Report): void {
  // A worker without a published port has only PostgreSQL's own in its container.
  const port = node.published?.port ?? node.endpoint.port;
  if (Number.isNaN(port)) {
    report(`${at}.port`, `is missing: only workers named worker1, worker2, ... have a default.`);
  } else if (!Number.isInteger(port) || port < 1 || port > 65535) {
    report(`${at}.port`, `${port} must be a port from 1 to 65535.`);
  }
  const entry = environment.workers?.[node.host];
  if (
    node.role === "worker" &&
    node.published === undefined &&
    typeof entry === "object" &&
    entry[node.name]?.port !== undefined
  ) {
    report(
      `${at}.port`,
      `${entry[node.name]?.port} is never published: Docker host ${node.host} has no address. Leave it out.`,
    );
  }
}

function checkLimits(node: ClusterNode, at: string, report: Report): void {
  const { memory, cpus, settings } = node;
  if (memory !== undefined && (!Number.isInteger(memory) || memory < LEAST_MEMORY)) {
    report(
      `${at}.memory`,
      `${memory} MB is too small to start: ${LEAST_MEMORY} MB or more, as a whole number.`,
    );
  }
  const buffers = megabytes(settings.shared_buffers);
  if (memory !== undefined && memory >= LEAST_MEMORY && buffers !== undefined && buffers > memory * 0.75) {
    report(
      `${at}.memory`,
      `${memory} MB is too small for shared_buffers=${settings.shared_buffers}: at most three quarters of it.`,
    );
  }
  if (cpus !== undefined && !(cpus > 0 && cpus <= 1024)) {
    report(`${at}.cpus`, `${cpus} must be a number of CPUs above 0, e.g. 1.5.`);
  } else if (cpus !== undefined && !isStableCpus(cpus)) {
    report(
      `${at}.cpus`,
      `${cpus} is read back as ${cpusText(cpus)}, so every plan would replace it: write ${cpusText(cpus)}.`,
    );
  }
}

function checkSettings(environment: Environment, node: ClusterNode, at: string, report: Report): void {
  const own: Settings | undefined =
    node.role === "coordinator"
      ? environment.coordinator.settings
      : Object(environment.workers?.[node.host])[node.name]?.settings;
  // What all nodes share is reported once, at the environment.
  const given = [
    ...(node.role === "coordinator" ? entries("settings", environment.settings) : []),
    ...entries(`${at}.settings`, own),
  ];
  for (const [field, name, value] of given) {
    if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/.test(name)) {
      report(field, `"${name}" is not the name of a PostgreSQL setting.`);
    }
    if (/[\u0000-\u001f]/.test(String(value))) report(field, `has a control character in its value.`);
    if (RESERVED_SETTINGS[name] !== undefined)
      report(field, `can't be set here: ${RESERVED_SETTINGS[name]}.`);
    if (name === "wal_level" && value !== "logical") {
      report(field, `"${value}": Citus moves shards online by logical replication; only "logical" will do.`);
    }
    if (name === "shared_preload_libraries" && !/^citus(\s*,|$)/.test(String(value))) {
      report(field, `"${value}": Citus must come first, e.g. "citus,pg_stat_statements".`);
    }
  }
}

function entries(field: string, settings: Settings = {}): [string, string, unknown][] {
  return Object.entries(settings).map(([name, value]) => [`${field}.${name}`, name, value]);
}

/** A memory setting in MB; PostgreSQL's unit for a bare number of shared_buffers is a block of 8 kB. */
function megabytes(value: string | undefined): number | undefined {
  const [, number, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)?\s*$/.exec(value ?? "") ?? [];
  const factors: Record<string, number> = {
    "": 1 / 128,
    B: 2 ** -20,
    kB: 2 ** -10,
    MB: 1,
    GB: 2 ** 10,
    TB: 2 ** 20,
  };
  return number === undefined ? undefined : Number(number) * (factors[unit] ?? NaN);
}

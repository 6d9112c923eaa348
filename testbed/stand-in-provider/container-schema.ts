import { parseDuration } from "./duration";
import {
  computed,
  FORCE_NEW,
  labelsBlock,
  optional,
  optionalComputed,
  refused,
  required,
  STRINGS,
  withDefault,
  type Attribute,
  type Block,
  type Schema,
} from "./schema";
import { timeoutsBlock } from "./timeouts";
import type { Value } from "./wire";

const matches = (pattern: RegExp, what: string) => (value: Value) =>
  pattern.test(String(value)) ? undefined : `it must be ${what}`;
const atLeast = (least: number) => (value: Value) =>
  Number(value) >= least ? undefined : `it must be ${least} or more`;
const duration = (value: Value) =>
  parseDuration(String(value)) === undefined ? 'it must be a duration such as "10s" or "1m30s"' : undefined;

const NETWORK_DATA: Attribute["type"] = [
  "list",
  [
    "object",
    {
      network_name: "string",
      ip_address: "string",
      ip_prefix_length: "number",
      gateway: "string",
      global_ipv6_address: "string",
      global_ipv6_prefix_length: "number",
      ipv6_gateway: "string",
      mac_address: "string",
    },
  ],
];

/**
 * Flags as in kreuzwerker/docker 4.5.0: forceNew replaces the container; of the others only those that container.ts
 * updates reach a running container, the rest is kept in the state alone.
 */
const attributes: Record<string, Attribute> = {
  id: computed("string"),
  name: required("string", FORCE_NEW),
  image: required("string", FORCE_NEW),
  attach: withDefault("bool", false),
  bridge: computed("string"),
  cgroup_parent: optional("string", FORCE_NEW),
  cgroupns_mode: optional("string", {
    forceNew: true,
    check: matches(/^(private|host)$/, "private or host"),
  }),
  command: optionalComputed(STRINGS.list, FORCE_NEW),
  container_logs: computed("string"),
  container_read_refresh_timeout_milliseconds: withDefault("number", 15_000),
  cpu_period: optional("number", { check: atLeast(0) }),
  cpu_quota: optional("number", { check: atLeast(0) }),
  cpu_set: optional("string", { check: matches(/^\d+([,-]\d+)*$/, 'a CPU list such as "0-2,4"') }),
  cpu_shares: optional("number", { check: atLeast(0) }),
  cpus: optional("string", FORCE_NEW),
  destroy_grace_seconds: optional("number"),
  dns: optional(STRINGS.set, FORCE_NEW),
  dns_opts: optional(STRINGS.set, FORCE_NEW),
  dns_search: optional(STRINGS.set, FORCE_NEW),
  domainname: optional("string", FORCE_NEW),
  entrypoint: optionalComputed(STRINGS.list, FORCE_NEW),
  env: optionalComputed(STRINGS.set, FORCE_NEW),
  exit_code: computed("number"),
  gpus: refused("it hands no GPUs to containers"),
  group_add: optional(STRINGS.set, FORCE_NEW),
  hostname: optionalComputed("string", FORCE_NEW),
  init: optionalComputed("bool"),
  ipc_mode: optionalComputed("string", FORCE_NEW),
  log_driver: optionalComputed("string", FORCE_NEW),
  log_opts: optional(STRINGS.map, FORCE_NEW),
  logs: withDefault("bool", false),
  max_retry_count: optional("number"),
  memory: optional("number", { check: atLeast(0) }),
  memory_reservation: withDefault("number", 0, { check: atLeast(0) }),
  memory_swap: optional("number", { check: atLeast(-1) }),
  must_run: withDefault("bool", true),
  network_data: computed(NETWORK_DATA),
  network_mode: withDefault("string", "bridge", FORCE_NEW),
  pid_mode: optional("string", FORCE_NEW),
  privileged: optional("bool", FORCE_NEW),
  publish_all_ports: optional("bool", FORCE_NEW),
  read_only: withDefault("bool", false, FORCE_NEW),
  remove_volumes: withDefault("bool", true),
  restart: withDefault("string", "no", {
    check: matches(/^(no|on-failure|always|unless-stopped)$/, "no, on-failure, always or unless-stopped"),
  }),
  rm: withDefault("bool", false),
  runtime: optionalComputed("string", FORCE_NEW),
  security_opts: optionalComputed(STRINGS.set, FORCE_NEW),
  shm_size: optionalComputed("number", { forceNew: true, check: atLeast(0) }),
  start: withDefault("bool", true),
  stdin_open: withDefault("bool", false, FORCE_NEW),
  stop_signal: optionalComputed("string", FORCE_NEW),
  stop_timeout: optionalComputed("number", FORCE_NEW),
  storage_opts: optional(STRINGS.map, FORCE_NEW),
  sysctls: optional(STRINGS.map, FORCE_NEW),
  tmpfs: optional(STRINGS.map),
  tty: withDefault("bool", false, FORCE_NEW),
  // Left out of the configuration, these two are whatever the image says.
  user: optionalComputed("string", FORCE_NEW),
  working_dir: optionalComputed("string", FORCE_NEW),
  userns_mode: optional("string", FORCE_NEW),
  wait: withDefault("bool", false),
  wait_timeout: withDefault("number", 60),
};

const set = (attributesOfEntry: Record<string, Attribute>, extra: Partial<Block> = {}): Block => ({
  nesting: "set",
  forceNew: true,
  attributes: attributesOfEntry,
  ...extra,
});
const options = (attributesOfEntry: Record<string, Attribute>, extra: Partial<Block> = {}): Block => ({
  nesting: "list",
  maxItems: 1,
  attributes: attributesOfEntry,
  ...extra,
});

const mounts = set(
  {
    target: required("string"),
    source: optional("string"),
    type: required("string", { check: matches(/^(bind|volume|tmpfs)$/, "bind, volume or tmpfs") }),
    read_only: optional("bool"),
  },
  {
    blocks: {
      bind_options: options({ propagation: optional("string") }),
      tmpfs_options: options({ size_bytes: optional("number"), mode: optional("number") }),
      volume_options: options(
        {
          no_copy: optional("bool"),
          driver_name: optional("string"),
          driver_options: optional(STRINGS.map),
          subpath: optional("string"),
        },
        {
          refused: "the real provider fails with it on Docker before version 26",
          blocks: { labels: labelsBlock() },
        },
      ),
    },
  },
);

const blocks: Record<string, Block> = {
  capabilities: set({ add: optional(STRINGS.set), drop: optional(STRINGS.set) }, { maxItems: 1 }),
  devices: set({
    host_path: required("string"),
    container_path: optional("string"),
    permissions: optional("string"),
  }),
  // Changed in place, that is: not at all. 4.5.0 neither replaces the container nor tells Docker.
  healthcheck: {
    nesting: "list",
    maxItems: 1,
    computed: true,
    attributes: {
      test: optional(STRINGS.list),
      interval: withDefault("string", "0s", { check: duration }),
      timeout: withDefault("string", "0s", { check: duration }),
      start_period: withDefault("string", "0s", { check: duration }),
      start_interval: withDefault("string", "0s", { check: duration }),
      retries: withDefault("number", 0, { check: atLeast(0) }),
    },
  },
  host: set({ host: required("string"), ip: required("string") }),
  labels: labelsBlock({ forceNew: true, computed: true }),
  mounts,
  networks_advanced: set({
    name: required("string"),
    aliases: optional(STRINGS.set),
    ipv4_address: optional("string"),
    ipv6_address: optional("string"),
    // An engine before 28 knows none, and takes it for 0.
    gw_priority: optional("number"),
  }),
  ports: {
    nesting: "list",
    forceNew: true,
    attributes: {
      internal: required("number"),
      external: optionalComputed("number"),
      ip: withDefault("string", "0.0.0.0"),
      protocol: withDefault("string", "tcp"),
    },
  },
  timeouts: timeoutsBlock,
  ulimit: set({ name: required("string"), soft: required("number"), hard: required("number") }),
  upload: set({
    file: required("string"),
    content: optional("string"),
    content_base64: optional("string"),
    source: optional("string"),
    source_hash: optional("string"),
    executable: optional("bool"),
    permissions: optional("string", {
      check: matches(/^0[0-7]{3}$/, 'octal with four digits, such as "0644"'),
    }),
  }),
  volumes: set({
    container_path: optional("string"),
    volume_name: optional("string"),
    host_path: optional("string", { check: matches(/^\//, "an absolute path") }),
    from_container: optional("string"),
    read_only: optional("bool"),
  }),
};

export const containerSchema: Schema = { version: 2, attributes, blocks };

import { apiAtLeast } from "./docker-api";
import { parseDuration } from "./duration";
import { labelsToApi } from "./labels";
import { entries } from "./provider";
import type { State, Value } from "./wire";

const MEBIBYTE = 1024 * 1024;
const NANOSECONDS_PER_MS = 1e6;
const NANO_CPUS = 1e9;

const strings = (value: Value | undefined): string[] => (Array.isArray(value) ? value.map(String) : []);
const number = (value: Value | undefined): number => Number(value ?? 0);
const text = (value: Value | undefined): string => String(value ?? "");
const isTrue = (value: Value | undefined): boolean => value === true;
const megabytes = (value: Value | undefined): number =>
  number(value) > 0 ? number(value) * MEBIBYTE : number(value);
const nanoseconds = (value: Value | undefined): number =>
  (parseDuration(text(value)) ?? 0) * NANOSECONDS_PER_MS;

function healthcheck(state: State, apiVersion: string): object | undefined {
  const [check] = entries(state.healthcheck);
  if (!check) return undefined;
  const startInterval = nanoseconds(check.start_interval);
  if (startInterval > 0 && !apiAtLeast(apiVersion, "1.44")) {
    throw new Error(
      `Unable to create container: healthcheck.start_interval needs Docker API 1.44, but the engine has ${apiVersion}`,
    );
  }
  return {
    Test: strings(check.test),
    Interval: nanoseconds(check.interval),
    Timeout: nanoseconds(check.timeout),
    StartPeriod: nanoseconds(check.start_period),
    ...(startInterval > 0 ? { StartInterval: startInterval } : {}),
    Retries: number(check.retries),
  };
}

function mount(block: State): object {
  const type = text(block.type);
  const [bind] = entries(block.bind_options);
  const [tmpfs] = entries(block.tmpfs_options);
  return {
    Type: type,
    Target: text(block.target),
    Source: text(block.source),
    ReadOnly: isTrue(block.read_only),
    ...(type === "bind" && bind ? { BindOptions: { Propagation: text(bind.propagation) } } : {}),
    ...(type === "tmpfs" && tmpfs
      ? { TmpfsOptions: { SizeBytes: number(tmpfs.size_bytes), Mode: number(tmpfs.mode) } }
      : {}),
  };
}

function volumes(blocks: State[]): {
  Volumes: Record<string, object>;
  Binds: string[];
  VolumesFrom: string[];
} {
  const made = { Volumes: {} as Record<string, object>, Binds: [] as string[], VolumesFrom: [] as string[] };
  for (const block of blocks) {
    const path = text(block.container_path);
    const source = text(block.host_path) || text(block.volume_name);
    if (Boolean(path) === Boolean(block.from_container)) {
      throw new Error("Unable to parse volumes: each entry needs either container_path or from_container");
    }
    if (block.from_container) made.VolumesFrom.push(text(block.from_container));
    else made.Volumes[path] = {};
    if (path && source) made.Binds.push(`${source}:${path}:${isTrue(block.read_only) ? "ro" : "rw"}`);
  }
  return made;
}

function ports(blocks: State[]): { exposed: Record<string, object>; bindings: Record<string, object[]> } {
  const exposed: Record<string, object> = {};
  const bindings: Record<string, object[]> = {};
  for (const block of blocks) {
    const port = `${number(block.internal)}/${text(block.protocol)}`;
    exposed[port] = {};
    (bindings[port] ??= []).push({ HostPort: text(block.external ?? 0), HostIp: text(block.ip) });
  }
  return { exposed, bindings };
}

/** `systempaths=unconfined` is handled by the client, not by the engine. */
function securityOptions(all: string[]): object {
  const unconfined = all.includes("systempaths=unconfined");
  return {
    SecurityOpt: all.filter((option) => option !== "systempaths=unconfined"),
    ...(unconfined ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

function cpuLimits(state: State): object {
  if (state.cpus) return { NanoCpus: Math.round(Number(state.cpus) * NANO_CPUS) };
  return { CpuPeriod: number(state.cpu_period), CpuQuota: number(state.cpu_quota) };
}

function hostConfig(state: State, binds: Pick<ReturnType<typeof volumes>, "Binds" | "VolumesFrom">): object {
  const [capabilities] = entries(state.capabilities);
  return {
    ...cpuLimits(state),
    ...resourceLimits(state),
    ...securityOptions(strings(state.security_opts)),
    ...binds,
    AutoRemove: isTrue(state.rm),
    CapAdd: strings(capabilities?.add),
    CapDrop: strings(capabilities?.drop),
    CgroupParent: text(state.cgroup_parent),
    CgroupnsMode: text(state.cgroupns_mode),
    Devices: entries(state.devices).map((device) => ({
      PathOnHost: device.host_path,
      PathInContainer: device.container_path ?? device.host_path,
      CgroupPermissions: device.permissions ?? "rwm",
    })),
    Dns: strings(state.dns),
    DnsOptions: strings(state.dns_opts),
    DnsSearch: strings(state.dns_search),
    ExtraHosts: entries(state.host).map(({ host, ip }) => `${host}:${ip}`),
    GroupAdd: strings(state.group_add),
    Init: isTrue(state.init),
    IpcMode: text(state.ipc_mode),
    LogConfig: { Type: text(state.log_driver), Config: state.log_opts ?? {} },
    Mounts: entries(state.mounts).map(mount),
    NetworkMode: text(state.network_mode),
    PidMode: text(state.pid_mode),
    PortBindings: ports(entries(state.ports)).bindings,
    Privileged: isTrue(state.privileged),
    PublishAllPorts: isTrue(state.publish_all_ports),
    ReadonlyRootfs: isTrue(state.read_only),
    Runtime: text(state.runtime),
    ShmSize: megabytes(state.shm_size),
    StorageOpt: state.storage_opts ?? {},
    Sysctls: state.sysctls ?? {},
    Tmpfs: state.tmpfs ?? {},
    Ulimits: entries(state.ulimit).map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    UsernsMode: text(state.userns_mode),
  };
}

/** The limits and the restart policy: what can be changed while the container runs. */
export function resourceLimits(state: State): object {
  return {
    CpuShares: number(state.cpu_shares),
    CpusetCpus: text(state.cpu_set),
    Memory: megabytes(state.memory),
    MemoryReservation: megabytes(state.memory_reservation),
    ...(state.memory_swap ? { MemorySwap: megabytes(state.memory_swap) } : {}),
    RestartPolicy: { Name: text(state.restart), MaximumRetryCount: number(state.max_retry_count) },
  };
}

/** The body of the engine's "create a container". @throws when the arguments contradict each other. */
export function createBody(state: State, apiVersion: string): object {
  const command = strings(state.command);
  if (command.includes("")) throw new Error("values for command may not be empty");
  const { Volumes, ...binds } = volumes(entries(state.volumes));
  return {
    Image: state.image,
    Hostname: text(state.hostname),
    Domainname: text(state.domainname),
    Tty: isTrue(state.tty),
    OpenStdin: isTrue(state.stdin_open),
    StopSignal: text(state.stop_signal),
    ...(state.stop_timeout ? { StopTimeout: state.stop_timeout } : {}),
    Env: strings(state.env),
    ...(command.length > 0 ? { Cmd: command } : {}),
    ...(strings(state.entrypoint).length > 0 ? { Entrypoint: strings(state.entrypoint) } : {}),
    User: text(state.user),
    WorkingDir: text(state.working_dir),
    ExposedPorts: ports(entries(state.ports)).exposed,
    Volumes,
    Labels: labelsToApi(state.labels),
    Healthcheck: healthcheck(state, apiVersion),
    HostConfig: hostConfig(state, binds),
  };
}

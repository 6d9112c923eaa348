import type { InspectedContainer, Mount } from "./container-inspect";
import { formatDuration } from "./duration";
import { entries } from "./provider";
import type { State, Value } from "./wire";

const MEBIBYTE = 1024 * 1024;
const NANOSECONDS_PER_MS = 1e6;
const NANO_CPU_DIGITS = 9;

const megabytes = (bytes: number): number => (bytes > 0 ? Math.floor(bytes / MEBIBYTE) : bytes);
const duration = (nanoseconds = 0): string => formatDuration(nanoseconds / NANOSECONDS_PER_MS);

/**
 * `cpus` as 4.5.0 writes it back, with its faults: a whole number comes back as "2.0" and "0.25" as "0.25", so that
 * `cpus = "2"` is a difference, and thereby a replacement, at every plan.
 */
function cpus(nanoCpus: number): string {
  const digits = (nanoCpus / 1e9).toFixed(NANO_CPU_DIGITS);
  const zeros = digits.split("0").length - 1;
  return zeros === NANO_CPU_DIGITS ? (nanoCpus / 1e9).toFixed(1) : digits.replace(/0+$/, "");
}

/** The published ports, ordered by the port inside. A container that doesn't run has none. */
export function publishedPorts(container: InspectedContainer): State[] {
  return Object.entries(container.NetworkSettings.Ports ?? {})
    .map(([port, bindings]) => ({ port: port.split("/"), bindings: bindings ?? [] }))
    .sort((a, b) => Number(a.port[0]) - Number(b.port[0]))
    .flatMap(({ port: [internal, protocol], bindings }) =>
      bindings.map(({ HostIp, HostPort }) => ({
        internal: Number(internal),
        external: Number(HostPort),
        ip: HostIp,
        protocol: protocol ?? "tcp",
      })),
    );
}

function networkData(container: InspectedContainer): State[] {
  return Object.entries(container.NetworkSettings.Networks ?? {}).map(([name, endpoint]) => ({
    network_name: name,
    ip_address: endpoint.IPAddress,
    ip_prefix_length: endpoint.IPPrefixLen,
    gateway: endpoint.Gateway,
    global_ipv6_address: endpoint.GlobalIPv6Address,
    global_ipv6_prefix_length: endpoint.GlobalIPv6PrefixLen,
    ipv6_gateway: endpoint.IPv6Gateway,
    mac_address: endpoint.MacAddress,
  }));
}

function mountBlock(mount: Mount): State {
  const { BindOptions: bind, TmpfsOptions: tmpfs } = mount;
  return {
    target: mount.Target,
    source: mount.Source || null,
    type: mount.Type,
    read_only: mount.ReadOnly ?? false,
    bind_options: bind ? [{ propagation: bind.Propagation ?? "" }] : [],
    tmpfs_options: tmpfs ? [{ size_bytes: tmpfs.SizeBytes ?? 0, mode: tmpfs.Mode ?? 0 }] : [],
    volume_options: [],
  };
}

/** The healthcheck block; an image's own one only for an imported container, which the configuration then settles. */
function healthcheck(container: InspectedContainer, state: State): State {
  const check = container.Config.Healthcheck;
  const show = state.name === null || entries(state.healthcheck).length > 0;
  if (!check || !show) return {};
  return {
    healthcheck: [
      {
        test: check.Test ?? [],
        interval: duration(check.Interval),
        timeout: duration(check.Timeout),
        start_period: duration(check.StartPeriod),
        start_interval: duration(check.StartInterval),
        retries: check.Retries ?? 0,
      },
    ],
  };
}

/** What is read back only because the state has it already: an import finds nothing of it. */
function onlyIfInState(container: InspectedContainer, state: State): State {
  const { Config: config, HostConfig: host } = container;
  const running = container.State.Running;
  const has = (name: string) => entries(state[name]).length > 0;
  const read: State = {};
  // 4.5.0 writes the ports before it lowers must_run, so a stopped container reads as one without ports.
  if ((running || state.must_run === true) && has("ports")) read.ports = publishedPorts(container);
  if (!running) read.exit_code = container.State.ExitCode;
  if (!running && state.must_run === true) read.must_run = false;
  if (has("ulimit")) {
    read.ulimit = (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({
      name: Name,
      soft: Soft,
      hard: Hard,
    }));
  }
  if (has("devices")) read.devices = devices(host.Devices ?? [], entries(state.devices));
  if (Object.keys(state.log_opts ?? {}).length > 0) read.log_opts = host.LogConfig.Config ?? {};
  if (state.pid_mode) read.pid_mode = host.PidMode;
  if (host.NanoCpus > 0) read.cpus = cpus(host.NanoCpus);
  if (config.StopTimeout !== undefined) read.stop_timeout = config.StopTimeout;
  return read;
}

function devices(
  found: NonNullable<InspectedContainer["HostConfig"]["Devices"]>,
  configured: State[],
): Value {
  return found.map((device) => {
    const own = configured.find(({ host_path }) => host_path === device.PathOnHost);
    return {
      host_path: device.PathOnHost,
      container_path: own?.container_path ? device.PathInContainer : null,
      permissions: own?.permissions ? device.CgroupPermissions : null,
    };
  });
}

/**
 * What kreuzwerker/docker 4.5.0 reads back of a container. Not among it: env, labels, networks_advanced, volumes,
 * upload and everything that Docker doesn't know (wait, destroy_grace_seconds, ...).
 */
export function containerState(container: InspectedContainer, state: State): State {
  const { Config: config, HostConfig: host } = container;
  const capabilities = { add: host.CapAdd ?? [], drop: host.CapDrop ?? [] };
  const byId = String(state.image).startsWith("sha256:");
  return {
    ...onlyIfInState(container, state),
    ...healthcheck(container, state),
    ...(capabilities.add.length + capabilities.drop.length > 0 ? { capabilities: [capabilities] } : {}),
    id: container.Id,
    name: container.Name.replace(/^\//, ""),
    image: byId ? container.Image : config.Image,
    bridge: container.NetworkSettings.Bridge,
    network_data: networkData(container),
    command: config.Cmd ?? [],
    entrypoint: config.Entrypoint ?? [],
    hostname: config.Hostname,
    domainname: config.Domainname,
    user: config.User,
    working_dir: config.WorkingDir,
    tty: config.Tty,
    stdin_open: config.OpenStdin,
    stop_signal: config.StopSignal ?? "",
    cpu_set: host.CpusetCpus,
    cpu_shares: host.CpuShares,
    dns: host.Dns ?? [],
    dns_opts: host.DnsOptions ?? [],
    dns_search: host.DnsSearch ?? [],
    group_add: host.GroupAdd ?? [],
    host: (host.ExtraHosts ?? []).map((entry) => {
      const [name = "", ip = ""] = entry.split(":"); // cuts an IPv6 address short, as 4.5.0 does
      return { host: name, ip };
    }),
    init: host.Init ?? false,
    ipc_mode: host.IpcMode,
    log_driver: host.LogConfig.Type,
    max_retry_count: host.RestartPolicy.MaximumRetryCount,
    memory: megabytes(host.Memory),
    memory_reservation: megabytes(host.MemoryReservation),
    memory_swap: megabytes(host.MemorySwap),
    mounts: (host.Mounts ?? []).map(mountBlock),
    network_mode: host.NetworkMode,
    privileged: host.Privileged,
    publish_all_ports: host.PublishAllPorts,
    read_only: host.ReadonlyRootfs,
    restart: host.RestartPolicy.Name,
    rm: host.AutoRemove,
    runtime: host.Runtime,
    security_opts: host.SecurityOpt ?? [],
    shm_size: megabytes(host.ShmSize),
    storage_opts: host.StorageOpt ?? {},
    sysctls: host.Sysctls ?? {},
    tmpfs: host.Tmpfs ?? {},
    userns_mode: host.UsernsMode,
  };
}

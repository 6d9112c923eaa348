/** A container as the engine describes it, as far as the provider looks. */
export interface InspectedContainer {
  Id: string;
  Name: string;
  /** The image's id. */
  Image: string;
  State: {
    Running: boolean;
    ExitCode: number;
    Health?: { Status: string; Log: { Output: string }[] | null };
  };
  Config: {
    Image: string;
    Hostname: string;
    Domainname: string;
    Cmd: string[] | null;
    Entrypoint: string[] | null;
    User: string;
    WorkingDir: string;
    Tty: boolean;
    OpenStdin: boolean;
    StopSignal?: string;
    StopTimeout?: number;
    Healthcheck?: {
      Test?: string[];
      Interval?: number;
      Timeout?: number;
      StartPeriod?: number;
      StartInterval?: number;
      Retries?: number;
    };
  };
  HostConfig: {
    AutoRemove: boolean;
    ReadonlyRootfs: boolean;
    Dns: string[] | null;
    DnsOptions: string[] | null;
    DnsSearch: string[] | null;
    SecurityOpt: string[] | null;
    PublishAllPorts: boolean;
    RestartPolicy: { Name: string; MaximumRetryCount: number };
    Init?: boolean | null;
    CapAdd: string[] | null;
    CapDrop: string[] | null;
    Runtime: string;
    Mounts?: Mount[] | null;
    Tmpfs?: Record<string, string> | null;
    ExtraHosts: string[] | null;
    Ulimits: { Name: string; Soft: number; Hard: number }[] | null;
    Privileged: boolean;
    Devices: { PathOnHost: string; PathInContainer: string; CgroupPermissions: string }[] | null;
    Memory: number;
    MemoryReservation: number;
    MemorySwap: number;
    ShmSize: number;
    NanoCpus: number;
    CpuShares: number;
    CpusetCpus: string;
    LogConfig: { Type: string; Config: Record<string, string> | null };
    StorageOpt?: Record<string, string> | null;
    NetworkMode: string;
    PidMode: string;
    UsernsMode: string;
    Sysctls?: Record<string, string> | null;
    IpcMode: string;
    GroupAdd: string[] | null;
  };
  NetworkSettings: {
    Bridge: string;
    Ports: Record<string, { HostIp: string; HostPort: string }[] | null> | null;
    Networks: Record<string, Endpoint> | null;
  };
}

export interface Mount {
  Type: string;
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  BindOptions?: { Propagation?: string };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number };
}

export interface Endpoint {
  IPAddress: string;
  IPPrefixLen: number;
  Gateway: string;
  GlobalIPv6Address: string;
  GlobalIPv6PrefixLen: number;
  IPv6Gateway: string;
  MacAddress: string;
}

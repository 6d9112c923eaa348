import type { Cluster, ClusterHost, ClusterNode, Endpoint } from "../../../model/cluster";
import type { EngineErrorCode } from "../../docker/engine/engine-failure";
import type { Explained } from "../../cluster/nodes/connection-cause";
import type { ClusterRoles } from "../../cluster/roles/ask-roles";
import type { CoordinatorFacts, PostgresFacts, CitusFacts } from "./facts";
import type { OtherDatabase } from "../status/elsewhere";

/** What Docker, the servers and the nodes said, at one time. Checks judge it; they ask nobody. */
export interface Inspection {
  readonly cluster: Cluster;
  readonly hosts: readonly HostInspection[];
  /** In the order of the cluster: the coordinator first. */
  readonly nodes: readonly NodeInspection[];
  /** How this machine reaches the coordinator, or why it doesn't. */
  readonly connection: { readonly by: string } | Explained;
  /** What the coordinator has registered; undefined when it could not be asked. */
  readonly registered?: CoordinatorFacts;
  /** Roles that need connections between the nodes; undefined when this machine could not ask the coordinator. */
  readonly roles?: ClusterRoles;
  /** Other databases with Citus on these servers; undefined likewise. */
  readonly otherDatabases?: readonly OtherDatabase[];
}

/** One Docker host. */
export interface HostInspection {
  readonly host: ClusterHost;
  /** Of the environment: where volumes are bound to. */
  readonly dataPath?: string;
  /** Images that its nodes need. */
  readonly images: readonly string[];
  /** Containers that belong on it, by name. */
  readonly containers: readonly string[];
  readonly engine: EngineInspection | Unreachable;
  /** From the host's own shell; undefined where there is none (tcp) or it didn't answer. */
  readonly system?: SystemInspection;
  /** Undefined where that could not be asked. */
  readonly presentImages?: readonly string[];
  /** Every container with a published port. */
  readonly published?: readonly PublishedPort[];
  /** The cluster's own network; undefined before the first apply. */
  readonly network?: { readonly id: string; readonly subnets: readonly string[] };
  /** What the network's subnet will be. */
  readonly subnet: string;
}

export interface Unreachable {
  readonly unreachable: string;
  /** Of a Docker engine. */
  readonly code?: EngineErrorCode;
  /** It wasn't asked at all: the time was over. */
  readonly untried?: true;
}

export interface EngineInspection {
  readonly version: string;
  /** As Docker calls it: `linux`. */
  readonly os: string;
  /** As `uname -m` has it: `x86_64`. */
  readonly architecture: string;
  readonly dataRoot: string;
  /** Its clock minus this machine's, in milliseconds; right to within `tolerance`. */
  readonly skew: number;
  readonly tolerance: number;
}

/** What the shell of a Docker host said. */
export interface SystemInspection {
  readonly disks: readonly Disk[];
  readonly missing: readonly string[];
  /** TCP ports that something listens on; undefined where `ss` is missing. */
  readonly listening?: readonly Endpoint[];
  /** IPv4 routes by interface. */
  readonly routes: readonly { readonly subnet: string; readonly device: string }[];
}

/** File system that holds a path, in bytes. */
export interface Disk {
  readonly path: string;
  readonly size: number;
  readonly free: number;
}

export interface PublishedPort {
  readonly container: string;
  readonly ip: string;
  readonly port: number;
}

/** One declared node. */
export interface NodeInspection {
  readonly node: ClusterNode;
  /** `missing`: its host was asked and has no container of this name. Undefined: the host didn't answer. */
  readonly container?: ContainerInspection | SilentContainer | "missing";
  /** From inside its container; undefined where nothing runs there. */
  readonly inside?: InsideInspection | Unreachable;
}

/** A container about which its engine gives no answer, while it does of others. */
export interface SilentContainer {
  /** Its state by the engine's list: `paused`, `running`, ... */
  readonly listed: string;
}

export interface ContainerInspection {
  readonly status: string;
  readonly image: string;
  /** As its health check has it; undefined where it has none. */
  readonly health?: string;
  /** What its last health check printed. */
  readonly healthOutput?: string;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  readonly restarts: number;
  readonly startedAt: string;
  /** How long it runs already, by its host's clock. In milliseconds. */
  readonly upFor: number;
  /** In bytes, 0 without a limit. */
  readonly memory: number;
  /** Docker's own error, e.g. why it could not be started. */
  readonly error: string;
  readonly ports: readonly { readonly ip: string; readonly port: number }[];
  /** The last line of its log that tells of a failure; only where it isn't up and healthy. */
  readonly lastLine?: string;
}

/** What was seen from inside a node's container. */
export interface InsideInspection {
  /** Name to address; undefined where it didn't resolve. */
  readonly names: ReadonlyMap<string, string | undefined>;
  readonly disk?: Disk;
  readonly server: PostgresFacts | Unreachable;
  /** Undefined where the extension is missing or broken, with the server's words in `citusError`. */
  readonly citus?: CitusFacts;
  readonly citusError?: string;
  /** One per endpoint of the cluster, itself included. */
  readonly reached: readonly Reached[];
}

export interface Reached {
  readonly endpoint: Endpoint;
  /** The time was over before it was tried. */
  readonly untried?: true;
  /** Why psql with the cluster's password could not connect. */
  readonly failure?: string;
  /** Who answered there. */
  readonly serverId?: string;
  /** Whether Citus itself could, with the credentials that it has stored; undefined where it wasn't asked. */
  readonly citus?: boolean;
  readonly citusFailure?: string;
}

/** Whether its engine told all of it. */
export function isInspected(container: NodeInspection["container"]): container is ContainerInspection {
  return typeof container === "object" && !("listed" in container);
}

export function isUnreachable<T extends object>(value: T | Unreachable): value is Unreachable {
  return "unreachable" in value;
}

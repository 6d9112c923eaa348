import type { AcceptableDriftCode } from "./drift-code";

/**
 * What a user writes: one typed file per environment. `describeCluster` (cluster.ts) fills in the defaults,
 * `findProblems` (validation.ts) says what is wrong with it.
 */
export interface Environment {
  /**
   * Name of the environment, its stack and its state; also what `pg-dist COMMAND NAME` takes. Its file is
   * `environments/<name>.ts`: a copy of another one's file that kept the name is refused.
   */
  readonly name: string;

  /**
   * Name of the cluster: the network, and the prefix of every container and volume. Two environments that
   * share a Docker host need different ones, or they would share volumes.
   *
   * @default "citus" - network `citus`, containers `citus-coordinator`, `citus-worker1`, ...
   */
  readonly cluster?: string;

  /** The Docker hosts by id. The id is part of each node's identity (`server-d/worker1`): renaming a host makes new, empty nodes. */
  readonly hosts: Readonly<Record<string, DockerHostOptions>>;

  /** Where the coordinator runs, with its port, limits and settings. */
  readonly coordinator: CoordinatorOptions;

  /**
   * The workers of each Docker host, by host id: a count (`worker1`, `worker2`, ...), or named workers, of which
   * the first may leave while the second stays: `{ worker1: {}, worker2: { port: 5433, memory: 8192 } }`. A host with 0
   * workers stays known to Terraform, which is how a host leaves: first 0 workers, then no entry.
   *
   * @default {} - a coordinator without workers
   */
  readonly workers?: Readonly<Record<string, number | Readonly<Record<string, WorkerOptions>>>>;

  /**
   * Image of every node, with a full version tag or a digest. A floating tag would change PostgreSQL's major
   * version under existing data.
   *
   * @default "citusdata/citus:13.0.3"
   */
  readonly image?: string;

  /**
   * PostgreSQL's major version inside the image; names the data directory.
   *
   * @default - read from the tag of a `citusdata/citus` image; other images must say it
   */
  readonly postgresMajor?: number;

  /**
   * Superuser that is made at the first start, and that nodes and registration use. A later change is refused.
   *
   * @default "postgres"
   */
  readonly user?: string;

  /** Database with the Citus extension, made at the first start. A later change is refused. @default "postgres" */
  readonly database?: string;

  /**
   * Memory limit of every node in MB, swap included. A change needs no restart; but a limit that is deleted again stays in
   * force until the container is replaced, and every plan shows it: the engine takes no update to "no limit".
   *
   * @default - no limit
   */
  readonly memory?: number;

  /** CPU limit of every node, e.g. 1.5. A change replaces the containers on their volumes. @default - no limit */
  readonly cpus?: number;

  /**
   * Start-up settings of PostgreSQL on every node, passed on its command line, by names in lower case. A change replaces
   * the containers on their volumes.
   *
   * @default {} - besides what Citus needs: shared_preload_libraries=citus, wal_level=logical, max_worker_processes=16
   */
  readonly settings?: Settings;

  /**
   * Names of PostgreSQL's roles whose passwords every node stores, so that these roles' queries reach other nodes and their
   * tables can be moved. The passwords are in TF_VAR_role_passwords, JSON: `{"app": "..."}`. The roles themselves are made
   * with SQL on the coordinator, before they stand here; one that isn't there fails the apply. To change a password, or for
   * a role that doesn't stand here: `pg-dist credentials`.
   *
   * @default [] - only what `pg-dist credentials` stored
   */
  readonly roles?: readonly string[];

  /** Where Terraform keeps the state. @default { type: "local" } - `state/<name>.tfstate` of the project */
  readonly backend?: Backend;

  /**
   * Whether the plan may destroy the whole cluster. `true` sets prevent_destroy on the coordinator's volume and
   * makes the destroy-time steps refuse.
   *
   * @default true - false for an ephemeral environment
   */
  readonly protected?: boolean;

  /**
   * A throw-away cluster: not protected, destroyed without a second key, and its containers are replaced all at once.
   *
   * @default false
   */
  readonly ephemeral?: boolean;

  /**
   * What an edit of the image, of start-up settings or of CPU limits does that would replace more than one container at
   * once: `refuse` stops the apply before the first container goes, `all-at-once` lets it happen.
   *
   * @default "refuse" - "all-at-once" for an ephemeral environment
   */
  readonly rollout?: "refuse" | "all-at-once";

  /**
   * What an apply does with the shards that are there once it has added workers: `manual` moves none, it says how many
   * would move and the command; `after-adding` moves them online, waits for it, and fails with the reason of a move that
   * fails. An edit alone changes nothing: it counts when workers are next added.
   *
   * @default "manual"
   */
  readonly rebalance?: "manual" | "after-adding";

  /**
   * Who may reach the published ports of the nodes, beside the members: what `pg-dist firewall` puts in force on the
   * servers. An edit, and a deploy, changes nothing there by itself.
   *
   * @default {} - the members only
   */
  readonly firewall?: FirewallOptions;

  /**
   * Ids of nodes (`server-d/worker1`) of which an apply may lose what only they hold: of a worker that leaves, tables,
   * databases, replication slots and the like that people made on its server; of a container that is replaced, what lies
   * only in it. It takes a second key, PGDIST_DISCARD with the same ids at the apply; without both, such an apply is refused
   * with the list. Take it out again afterwards.
   *
   * @default []
   */
  readonly discard?: readonly string[];

  /**
   * Differences that `pg-dist drift` finds and that are intended: it shows them apart, and its exit code is 0 with nothing
   * else. One that is no longer there is reported. An edit changes nothing about the cluster.
   *
   * @default []
   */
  readonly acceptedDrift?: readonly AcceptedDrift[];
}

/** A difference that is meant; of several that it fits it accepts all. */
export interface AcceptedDrift {
  /** The difference's code, as `drift` prints it in brackets. Not `unknown`: what was not checked can't be accepted. */
  readonly code: AcceptableDriftCode;

  /** Only there: a node's id or a Docker host's, as `drift` prints it first. @default - everywhere */
  readonly where?: string;

  /** Only that: the setting, container or the like that `drift` prints after the code. @default - whatever it is about */
  readonly subject?: string;

  /** Only this value, as `drift` prints it behind `found:`; a different one is a difference again. @default - whatever is found */
  readonly found?: string;

  /** Why it is intended; it is shown in the report. */
  readonly reason: string;
}

/** Who is let in to the nodes' published ports. */
export interface FirewallOptions {
  /**
   * Networks in CIDR notation, or single addresses: applications, people, the machine that runs Terraform, and other containers on
   * the cluster's own servers, which arrive from their network's subnet.
   *
   * @default [] - nobody but the members
   */
  readonly allow?: readonly string[];

  /**
   * Further IPv4 addresses from which a Docker host's connections arrive at the others, by host id: of a server that has
   * several, or whose address is translated on the way.
   *
   * @default {} - its `address` and its `bindAddress`
   */
  readonly members?: Readonly<Record<string, readonly string[]>>;
}

/** A server with a Docker engine, and how the other nodes reach what runs there. */
export interface DockerHostOptions {
  /**
   * How Terraform reaches the engine: `ssh://user@host[:port]`, `tcp://host:2376` with `tls`, or
   * `unix:///var/run/docker.sock`. Never with a password in it.
   */
  readonly connection: string;

  /**
   * Options for the ssh command, e.g. `["-J", "ops@bastion.example.com"]`, for Terraform's connection and for ours. They go
   * before the defaults, which stay in force where these don't say otherwise.
   *
   * @default - no prompt, known host keys only, 10 s to connect, keepalive (DEFAULT_SSH_OPTIONS in cluster.ts)
   */
  readonly sshOptions?: readonly string[];

  /**
   * Allows `sshOptions` to turn ssh's check of host keys off (`StrictHostKeyChecking=no` and the like): whoever answers at the
   * address then gets the passwords. For test beds.
   *
   * @default false
   */
  readonly allowUncheckedHostKeys?: boolean;

  /**
   * TLS material of a `tcp://` connection: the prefix of three sensitive Terraform variables, PEM in each.
   * `tls: "docker"` reads `TF_VAR_docker_ca`, `TF_VAR_docker_cert` and `TF_VAR_docker_key`.
   *
   * @default - none; `tcp://` wants it
   */
  readonly tls?: string;

  /**
   * Private address that every other node dials and that is registered in pg_dist_node: an IPv4 address, or a name in DNS
   * that resolves to one inside every container (containers don't read the server's /etc/hosts).
   *
   * @default - on the only Docker host: none; nodes reach each other by container name over the network
   */
  readonly address?: string;

  /**
   * IP of this server on which the nodes' ports are published: IPv4 where other nodes connect to it. A change replaces the
   * containers of this host's nodes, on their volumes.
   *
   * @default - `address` where that is an IP; 127.0.0.1 for the coordinator of a host without an address
   */
  readonly bindAddress?: string;

  /** Allows `bindAddress` to be a public IP or 0.0.0.0. Docker's published ports bypass ufw. @default false */
  readonly allowPublicBind?: boolean;

  /**
   * Names for the containers' /etc/hosts, name to IP, where there is no DNS. Read when a container is created:
   * a later change reaches a node when its container is next replaced.
   *
   * @default {}
   */
  readonly extraHosts?: Readonly<Record<string, string>>;

  /**
   * Name servers of the containers. Read when a container is created, as `extraHosts`: a later change reaches a node when
   * its container is next replaced.
   *
   * @default [] - the server's own
   */
  readonly dns?: readonly string[];

  /**
   * Subnet of the cluster's network on this host. Pinned, since what comes from the same server arrives from its
   * gateway. Must not overlap the server's other networks. Read when the network is created; a later change is ignored.
   *
   * @default - a /24 of 10.213.0.0/16, by the cluster's name
   */
  readonly subnet?: string;

  /**
   * Directory of the server (a fast SSD) that holds the data, one sub-directory per volume. These must
   * exist: a disk that isn't mounted stops the node, where a silently made directory would start an empty one. Read when
   * a volume is created; a later change is ignored.
   *
   * @default - the engine's own volume directory
   */
  readonly dataPath?: string;
}

/** Limits and start-up settings of one node; they override the environment's. */
export interface NodeOptions {
  /** Memory limit in MB, swap included. @default - the environment's */
  readonly memory?: number;
  /** CPUs, e.g. 1.5. @default - the environment's */
  readonly cpus?: number;
  /** Start-up settings, merged over the environment's. @default {} */
  readonly settings?: Settings;
}

export interface CoordinatorOptions extends NodeOptions {
  /** Id of the Docker host that carries it. */
  readonly host: string;
  /** Port on its server. @default 5432 */
  readonly port?: number;
}

export interface WorkerOptions extends NodeOptions {
  /**
   * Port on its server.
   *
   * @default - `worker1` 5432, `worker2` 5433, ...; one more each beside the coordinator. Other names must say it.
   */
  readonly port?: number;
}

/** PostgreSQL settings by name in lower case, as in postgresql.conf. */
export type Settings = Readonly<Record<string, string | number | boolean>>;

/** Where Terraform keeps an environment's state. Credentials come from the process environment, never from here. */
export type Backend =
  | {
      /** A file in the project's folder. */
      readonly type: "local";
      /** Path from the project's folder. @default "state/<name>.tfstate" */
      readonly path?: string;
    }
  | {
      /** HCP Terraform / Terraform Enterprise, one workspace per environment. */
      readonly type: "cloud";
      /** The organization. */
      readonly organization: string;
      /** The environment's own workspace. */
      readonly workspace: string;
      /** The project that the workspace is in. @default - the organization's default project */
      readonly project?: string;
      /** Of Terraform Enterprise. @default - HCP Terraform */
      readonly hostname?: string;
    }
  | {
      /** Any other backend of Terraform with its arguments (snake_case, as in Terraform's documentation). */
      readonly type: "s3" | "gcs" | "azurerm" | "http" | "pg" | "consul" | "cos" | "oss" | "kubernetes";
      /** The arguments; secrets among them are refused. */
      readonly config: Readonly<Record<string, string | number | boolean>>;
    };

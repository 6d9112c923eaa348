import type { Endpoint } from "../../../model/cluster";
import type { Remedy } from "../../base/remedy";
import type { StateResource } from "../../terraform/terraform";

/** What recovery knows of a cluster, from four sources. `decide` (decide.ts) turns it into actions. */
export interface Situation {
  readonly cluster: string;
  readonly environment: string;
  readonly declared: Declared;
  readonly state: readonly StateResource[];
  /** One entry for every Docker host of the environment. */
  readonly hosts: readonly HostInventory[];
  readonly coordinator: CoordinatorAnswer;
  /** Volumes whose removal was typed. */
  readonly removeVolumes: readonly string[];
}

/** What the synthesized stack declares. */
export interface Declared {
  readonly containers: readonly DeclaredContainer[];
  readonly volumes: readonly DeclaredVolume[];
  readonly networks: readonly DeclaredResource[];
}

export interface DeclaredResource {
  /** In Terraform: `docker_container.server-d_worker1`. */
  readonly address: string;
  /** Id of the Docker host. */
  readonly host: string;
  /** In Docker. */
  readonly name: string;
}

export interface DeclaredContainer extends DeclaredResource {
  /** Node id. */
  readonly node: string;
  readonly role: "coordinator" | "worker";
  readonly endpoint: Endpoint;
  readonly network: string;
  readonly volumes: readonly string[];
}

export interface DeclaredVolume extends DeclaredResource {
  /** Directory of the server behind it: data that is not removed with the volume. */
  readonly device?: string;
}

export interface HostInventory {
  readonly host: string;
  /** Why it could not be asked. */
  readonly unreachable?: string;
  /** What to do about that. */
  readonly remedy?: Remedy;
  readonly containers: readonly FoundContainer[];
  readonly networks: readonly FoundNetwork[];
  /** Names of all volumes. */
  readonly volumes: readonly string[];
}

export interface FoundContainer {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Docker's: created, running, restarting, exited, ... */
  readonly status: string;
  /** When it was last started; undefined when never. */
  readonly startedAt?: string;
  readonly healthy: boolean;
  /** Names of the named and anonymous volumes that it mounts. */
  readonly volumes: readonly string[];
  readonly networks: readonly string[];
  readonly initialisation: Initialisation;
}

/**
 * How far the first initialisation of a node's volume got. `unfinished` is proven: it was begun, has ended, and left a
 * server without Citus that never held anything of a user. `unknown` is everything that proves neither.
 */
export type Initialisation = "finished" | "unfinished" | "running" | "unknown";

export interface FoundNetwork {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export type CoordinatorAnswer =
  /** It never got through its first initialisation: it registered nothing. */
  | { readonly kind: "empty" }
  /** Neither its container nor its volume exists: it was never made, or is lost, and its list of nodes with it. */
  | { readonly kind: "absent" }
  | { readonly kind: "silent"; readonly cause: string }
  | {
      readonly kind: "answered";
      /** `host:port` of pg_dist_node. */
      readonly registered: readonly string[];
      /** Node ids of pgdist.node. */
      readonly recorded: readonly string[];
      /** Programs that work on the cluster right now. */
      readonly running: readonly string[];
    };

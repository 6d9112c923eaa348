import type { Cluster, Endpoint } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import type { Environment } from "../../../model/environment";
import type { Session } from "./session";
import type { Transport } from "./transports/transport";
import type { Remedy } from "../../base/remedy";

/** The cluster that a command is about, before anything is connected. */
export interface Target {
  /** The environment's name, with the database where it isn't its own; of a cluster that is given by address `host:port/database`. */
  readonly label: string;
  /** Absent with `--url`, and then nothing is known of containers and Docker hosts. */
  readonly environment?: Environment;
  readonly cluster?: Cluster;
  /** Other environments of the project that declare the same cluster, in words; see `findSameCluster`. @default none */
  readonly twins?: readonly string[];
  readonly user: string;
  readonly database: string;
  /** Of an environment: where quickstart keeps a password. */
  readonly passwordFile?: string;
  /** As the cluster's own nodes know the coordinator, or as it was given. */
  readonly coordinator: Endpoint;
  readonly transports: readonly Transport[];
  /** `--timeout`: how long one node may take to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** With `--via`, and in the end the password, wherever it was found. */
  readonly caller: Caller;
}

/** A target with an open session on its coordinator. */
export interface Connected extends Target {
  readonly session: Session;
  readonly server: ServerFacts;
  /** What speaks against it that this is the coordinator, where it is read from all the same. */
  readonly doubts: readonly Doubt[];
}

/** Why the server that was reached may not be the coordinator that was meant. */
export interface Doubt {
  readonly code:
    | "worker"
    | "standby"
    /** By its `cluster_name` it is another node, or one of another cluster. */
    | "other-name"
    /** The record has another coordinator. */
    | "other-id"
    /** Another server than the one that was recorded: its volume or its extension is not the same. */
    | "other-server"
    /** A newer version of this program has changed the tables in schema pgdist. */
    | "newer-record";
  readonly what: string;
  readonly remedy: Remedy;
}

/** What the server that was reached says of itself. */
export interface ServerFacts {
  /** Version of the loaded library, e.g. 13.0.3. */
  readonly citus: string;
  /** e.g. 17.2 */
  readonly postgres: string;
  /** 0 on a coordinator. */
  readonly groupid: number;
  /** Made with the extension; see `RecordedNode`. */
  readonly server_id: string;
  /** `<cluster> <node id> <endpoint>` on a server that we started, else usually empty. */
  readonly cluster_name: string;
  readonly in_recovery: boolean;
  /** Whether it is the imitation of Citus that tests and demonstrations run on. */
  readonly stand_in: boolean;
}

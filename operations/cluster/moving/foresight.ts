import type { Problem } from "../../base/failure";
import type { TransferMode } from "../shards/transfer-mode";

/** What a running cluster says of a change before anything is changed. */
export interface Foresight {
  /** How shards would move. */
  readonly mode: TransferMode;
  /** The workers that leave, in the order in which they were asked for. */
  readonly leaving: readonly ForeseenRemoval[];
  /** Of the file systems that receive their shards. */
  readonly room: readonly RoomAfter[];
  /** Why their removal would be refused before its first move. */
  readonly obstacles: readonly Problem[];
  /** Who moves shards now, in words. */
  readonly moving: readonly string[];
  /** How many client sessions each node has, by its label; without those that don't say it. */
  readonly sessions: ReadonlyMap<string, number>;
}

export interface ForeseenRemoval {
  /** Node id. */
  readonly id: string;
  /** False for one that never joined: there is nothing to move. */
  readonly registered: boolean;
  /** Whether an apply refuses it before its first move; it may remove others that leave in the same change all the same. */
  readonly refused: boolean;
  /** All that move. */
  readonly shards: number;
  readonly bytes: number;
  /** Where they go, as far as they fit; receivers that get none are left out. */
  readonly to: readonly Receiving[];
  /** How long the moves take. */
  readonly seconds: number;
  /** Whether the copying of the bytes is in it; else it takes at least so long. */
  readonly complete: boolean;
}

interface Receiving {
  /** Label of the node. */
  readonly node: string;
  readonly shards: number;
  readonly bytes: number;
}

/** Of one server's file system, in bytes that shards may take: less than what is free, by what Citus keeps free. */
export interface RoomAfter {
  /** Id of the Docker host; of a node that isn't ours, its address. */
  readonly server: string;
  readonly before: number;
  readonly after: number;
}

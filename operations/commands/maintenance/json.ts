import type { Cluster } from "../../../model/cluster";
import type { Stopwatch } from "../../base/stopwatch";
import type { TransferMode } from "../../cluster/shards/transfer-mode";
import type { RegistrationResult } from "../../change/register";
import type { Moved } from "../../change/drain/drain";
import type { Prepared } from "../../change/registration/add-worker";
import type { Removed } from "../../change/removal/remove-worker";

/** What a command was about. */
export interface About {
  readonly cluster: Pick<Cluster, "environment" | "database">;
  /** Id of the worker; of one that has none, its endpoint. */
  readonly node: string;
  readonly mode: TransferMode;
  /** Since the work began. */
  readonly watch: Stopwatch;
}

/** What `drain` and `remove` print for a script (schemas/drain.json, schemas/remove.json). */
export function describeEmptied(about: About, done: Moved | Removed): object {
  if (!("moved" in done)) return describe(about, done);
  const { moved, ...more } = done;
  return { ...describe(about, moved), ...more };
}

/** What `add` prints for a script (schemas/add.json). */
export function describeAdded(
  about: About,
  { outcome, wiped }: Prepared,
  { added, moved }: RegistrationResult,
): object {
  return {
    ...describe(about, moved),
    outcome: outcome === "join" ? "registered" : outcome,
    wiped,
    added,
  };
}

function describe({ cluster, node, mode, watch }: About, { shards, bytes }: Moved): object {
  return {
    environment: cluster.environment,
    database: cluster.database,
    node,
    mode,
    moved: { shards, bytes },
    seconds: Math.round(watch.seconds * 10) / 10,
  };
}

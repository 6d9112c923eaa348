import type { Cluster } from "../../../model/cluster";
import { Failure } from "../../base/failure";
import { explainError } from "../../cli/explain-error";
import { openTarget } from "../../cli/target";
import { asFailure } from "../../cluster/connection/report";
import { sqlStateOf } from "../../cluster/connection/sqlstate";
import type { Connected, Target } from "../../cluster/connection/target";
import type { ClusterFacts, DriftFacts } from "../../observe/drift/find-drift";
import { readSecondaries, readSettings } from "../../observe/drift/read-settings";
import { takeSnapshot } from "../../observe/status/snapshot";

/** What the servers say; where the coordinator says nothing, why. */
export async function askServers(target: Target, cluster: Cluster): Promise<DriftFacts["servers"]> {
  let opened: Connected | undefined;
  try {
    opened = await openTarget(target, "drift", "read");
    return await ask(opened, cluster);
  } catch (error) {
    const explained = explainError(error, "drift", opened ?? target);
    // A mistake of ours stays one.
    if (!(explained instanceof Failure) && sqlStateOf(explained) === undefined) throw error;
    const { summary: what, remedy } = asFailure(explained);
    return { unknown: { what, remedy } };
  } finally {
    await opened?.session.end();
  }
}

async function ask(target: Connected, { nodes }: Cluster): Promise<ClusterFacts> {
  const snapshot = await takeSnapshot(target);
  const declared = nodes.flatMap(({ settings }) => Object.keys(settings));
  const answering = snapshot.nodes.filter(({ state }) => state !== undefined);
  return {
    snapshot,
    secondaries: await readSecondaries(target),
    settings: await readSettings(target, answering, declared),
    doubts: target.doubts,
  };
}

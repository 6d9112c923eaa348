import type { Cluster, ClusterNode } from "../../../model/cluster";
import { REQUESTS_AT_ONCE, type Engine } from "../../docker/engine/engine";
import pMap from "p-map";
import type { HostAnswer, Remaining } from "./ask-host";
import { type InsideAnswer, askInside } from "./ask-inside";
import { runs } from "./container-runs";
import { isInspected } from "./inspection";

/** With less than this part of the host's time a container is not entered: a silence would say nothing of it. */
const LEAST_SHARE = 0.2;

function timeOver(timeoutMs: number) {
  const unreachable = `the ${timeoutMs / 1000} s of its Docker host were over; --timeout allows more time`;
  return { unreachable, untried: true } as const;
}

interface LookOptions {
  readonly cluster: Cluster;
  readonly password: string;
  /** How long the Docker host may take in all, in milliseconds. */
  readonly timeoutMs: number;
  readonly remaining: Remaining;
}

/** Looks into the containers of one Docker host, some at a time, as long as its time lasts. By node id. */
export async function lookInside(
  docker: Engine,
  nodes: readonly ClusterNode[],
  { containers }: Pick<HostAnswer, "containers">,
  { cluster, password, timeoutMs, remaining }: LookOptions,
): Promise<Map<string, InsideAnswer>> {
  // A paused container takes no new process.
  const running = nodes.filter((node) => {
    const container = containers?.get(node.container);
    return isInspected(container) && runs(container);
  });
  const answers = await pMap(
    running,
    async (node): Promise<[string, InsideAnswer]> => {
      const timeout = remaining();
      if (timeout < timeoutMs * LEAST_SHARE) return [node.id, { inside: timeOver(timeoutMs) }];
      return [node.id, await askInside(docker, node, { cluster, password, timeout })];
    },
    { concurrency: REQUESTS_AT_ONCE },
  );
  return new Map(answers);
}

import { type Finding, failed, ok, skipped, warning } from "../finding";
import { type ContainerInspection, isInspected } from "../inspection";
import { runs } from "../container-runs";
import { describeStatus } from "../../../docker/container-state";
import type { NodeCheck } from "./check";
import type { ClusterNode } from "../../../../model/cluster";
import { type CommandLine, advise, commandIn, deployOf } from "../../../base/remedy";

/** Whether a node's container is there and runs, and if not, its last words. */
export const checkContainer: NodeCheck = ({ node, container }, { cluster }) => {
  const place = { check: "container", where: node.id };
  const apply = deployOf(cluster.environment);
  if (container === undefined) return [skipped(place, `its Docker host ${node.host} did not answer`)];
  if (container === "missing") {
    return [
      failed(place, `there is no container ${node.container}`, `${apply} makes it again on its volume`),
    ];
  }
  if (!isInspected(container)) {
    if (container.listed === "paused") return [paused(place, node)];
    return [
      failed(
        place,
        `${node.container} ${describeStatus(container.listed)}, but Docker does not answer requests about it`,
        `check whether docker inspect ${node.container} answers on ${node.host} by now; if not, look for what blocks it there: a stalled disk, or a process that is being started in the container`,
      ),
    ];
  }
  const { status, lastLine } = container;
  const words = lastLine === undefined ? "" : `: ${lastLine}`;
  const logs = commandIn(cluster, "logs", node.id);
  if (runs(container)) return [running(place, container, words, { logs, apply, name: node.container })];
  switch (status) {
    case "paused":
      return [paused(place, node)];
    case "running":
    case "restarting":
      return [
        failed(
          place,
          `${node.container} keeps restarting (${container.restarts} times, last exit code ${container.exitCode})${words}`,
          advise`correct what its log names (${logs}), in the node's \`settings\` if it is one, and ${apply}`,
        ),
      ];
    default:
      return [
        failed(
          place,
          `${node.container} ${describeStatus(status)}${ending(container)}${words}`,
          advise`${apply} starts it; ${logs}`,
        ),
      ];
  }
};

function paused(place: { check: string; where: string }, { container, host }: ClusterNode): Finding {
  return failed(place, `${container} is paused`, `docker unpause ${container} on ${host}`);
}

function running(
  place: { check: string; where: string },
  container: ContainerInspection,
  words: string,
  { logs, apply, name }: { readonly logs: CommandLine; readonly apply: string; readonly name: string },
): Finding {
  const since = `running since ${container.startedAt.slice(0, 19).replace("T", " ")} UTC`;
  if (container.outOfMemory) {
    // Of Docker's engines only newer ones say it of one that runs, and then until its next start, however much it gets.
    return warning(
      place,
      `${since}, and since then the kernel has killed a process in it: out of memory`,
      `raise the node's \`memory\`, or lower shared_buffers or work_mem in its \`settings\`, and ${apply}; Docker clears this flag at its next start: docker restart ${name} on its server`,
    );
  }
  if (container.restarts > 0) {
    return warning(
      place,
      `${since}, restarted ${container.restarts} times by Docker${words}`,
      advise`see why: ${logs}`,
    );
  }
  return ok(place, since);
}

function ending({ exitCode, outOfMemory, error }: ContainerInspection): string {
  const how = outOfMemory ? "killed by the kernel: out of memory" : `code ${exitCode}`;
  return ` (${error === "" ? how : `${how}; ${error}`})`;
}

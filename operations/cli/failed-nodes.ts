import { EXIT, type ExitCode } from "../base/failure";
import type { Asked } from "../cluster/nodes/ask-all";
import type { Fault } from "../base/finding";
import type { Paint } from "./output";
import { problems } from "./findings";

/** The nodes that didn't answer, as `status` names them. */
function findingsOf(asked: readonly Asked<unknown>[]): Fault[] {
  return asked.flatMap(({ label, failed }) =>
    failed === undefined
      ? []
      : [
          {
            severity: "broken",
            check: "reachability",
            node: label,
            what: failed.what,
            remedy: failed.remedy,
          },
        ],
  );
}

/** Lines below a table of what the others said; none where all answered. */
export function failedNodes(asked: readonly Asked<unknown>[], paint: Paint): string[] {
  const findings = findingsOf(asked);
  return findings.length === 0 ? [] : ["", ...problems(findings, paint)];
}

/** For a script: every node that was asked, and whether it answered. */
export function describeAsked(asked: readonly Asked<unknown>[]): object[] {
  return asked.map(({ label, role, nodeid, endpoint, failed }) => ({
    node: label,
    role,
    nodeId: nodeid,
    endpoint,
    reachable: failed === undefined,
    error: failed?.what ?? null,
  }));
}

export function exitCodeOf(asked: readonly Asked<unknown>[]): ExitCode {
  return asked.some(({ failed }) => failed !== undefined) ? EXIT.unhealthy : EXIT.ok;
}

import { createPaint } from "../../../operations/cli/output";
import type { Asked } from "../../../operations/cluster/nodes/ask-all";

export const plain = createPaint(false, { env: {} });

/** A screen as a snapshot shows it, with the margins in sight. */
export function show(lines: readonly string[]): string {
  return `\n${lines.join("\n")}\n`;
}

/** A coordinator and two workers with what each answered; undefined for one that didn't. */
export function someAnswers<Value>(...values: readonly (Value | undefined)[]): Asked<Value>[] {
  return ["server-a/coordinator", "server-b/worker1", "server-c/worker1"].map((label, groupid) => ({
    label,
    role: groupid === 0 ? ("coordinator" as const) : ("worker" as const),
    nodeid: groupid + 1,
    groupid,
    endpoint: { host: `10.0.0.${groupid + 1}`, port: 5432 },
    ...(values[groupid] === undefined
      ? { failed: { what: `10.0.0.${groupid + 1}:5432 does not answer the coordinator`, remedy: "start it" } }
      : { value: values[groupid] }),
  }));
}

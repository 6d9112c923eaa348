import { oneLine } from "../../base/failure";
import { advise, commandIn } from "../../base/remedy";
import type { Explain } from "./known";

/** Before what our own programs say last where they fail. */
const VERDICT = /(?:^|\n|Output: )pg-dist:\s/g;

/** `/bin/sh: 1: node: not found`, `sh: node: command not found`, and what cmd.exe says. */
const NO_NODE = /\bnode: (?:command )?not found|'node' is not recognized/;

/** Terraform kills the shell of a step when it is interrupted; the program in it then ends by itself. */
const KILLED = /: (signal: \w+)\. Output/;

/** A step of ours: it has said itself what happened and what to do. */
export const explainStep: Explain = (
  { summary, detail, address = "a resource" },
  { environment, binary },
) => {
  if (!/^local-exec provisioner error/.test(summary)) return undefined;
  const review = commandIn({ environment }, "review");
  const verdict = verdictIn(detail);
  if (verdict !== undefined) return { what: verdict, remedy: advise`then review what is left: ${review}` };
  const text = oneLine(detail);
  if (NO_NODE.test(text)) {
    return {
      what: `the machine that runs ${binary} has no \`node\`, which registers and removes nodes`,
      remedy:
        "install Node.js 20.19 or later there; for remote runs, an agent that has it (docs/remote-runs.md)",
    };
  }
  const signal = KILLED.exec(text)?.[1];
  if (signal === undefined) return undefined;
  return {
    what: `${address}: its step was killed (${signal})`,
    remedy: advise`it resumes where it stopped; review what is left: ${review}`,
  };
};

/** It is the end of their output, which Terraform frames with the command line; a remote run breaks it into lines. */
function verdictIn(detail: string): string | undefined {
  const found = [...detail.matchAll(VERDICT)].at(-1);
  return found && oneLine(detail.slice(found.index + found[0].length));
}

import { advise, commandIn } from "../../base/remedy";
import type { Explain } from "./known";

/** The last line of our own programs where they fail; Terraform frames it with a command line and the end of their output. */
const VERDICT = /^pg-dist: (.+)$/gm;

/** A step of ours: it has said itself what happened and what to do. */
export const explainStep: Explain = ({ summary, detail }, { environment }) => {
  if (!/^local-exec provisioner error/.test(summary)) return undefined;
  const verdict = [...detail.matchAll(VERDICT)].at(-1)?.[1];
  if (verdict === undefined) return undefined;
  return {
    what: verdict,
    remedy: advise`then review what is left: ${commandIn({ environment }, "review")}`,
  };
};

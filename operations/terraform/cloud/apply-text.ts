import { stripVTControlCharacters } from "node:util";
import { nameAt } from "../../../model/contract/resource";
import type { ApplyEvent } from "../apply-events";

/** An address, and behind a replaced object's whose it was: `docker_container.a_worker1 (deposed object 1a2b3c4d)`. */
const ADDRESS = String.raw`([\w-]+\.[\w-]+(?:\["[^"]*"\])?)(?: \(deposed object \w+\))?`;

const OUTPUT = new RegExp(`^${ADDRESS} \\(local-exec\\): (.*)$`);
const BEGUN = new RegExp(`^${ADDRESS}: (Creating|Modifying|Destroying)\\.\\.\\.`);
const GOING_ON = new RegExp(
  `^${ADDRESS}: Still (creating|modifying|destroying)\\.\\.\\. \\[.*?(\\w+) elapsed\\]`,
);
const DONE = new RegExp(`^${ADDRESS}: (Creation|Modifications|Destruction) complete after (\\w+)`);

const ACTIONS: Readonly<Record<string, "create" | "update" | "delete">> = {
  ...{ creating: "create", modifying: "update", destroying: "delete" },
  ...{ creation: "create", modifications: "update", destruction: "delete" },
};

/**
 * A line of what an apply prints for people, as far as `readApplyLine` tells the same of one in JSON: a remote run comes as text
 * alone, in colours. That something failed is not in it, but in the errors at its end.
 */
export function readApplyText(line: string): ApplyEvent | undefined {
  const text = stripVTControlCharacters(line).trimEnd();
  const [, from, output] = OUTPUT.exec(text) ?? [];
  if (from !== undefined && output !== undefined) return { event: "output", address: from, text: output };
  for (const [event, pattern] of [
    ["begun", BEGUN],
    ["going-on", GOING_ON],
    ["done", DONE],
  ] as const) {
    const [, address, words = "", took = ""] = pattern.exec(text) ?? [];
    const action = ACTIONS[words.toLowerCase()];
    if (address === undefined || action === undefined) continue;
    return { event, address, resource: nameAt(address), action, seconds: secondsOf(took) };
  }
  return undefined;
}

/** Of a duration as Go prints it: `1h2m3s`; 0 where there is none. */
function secondsOf(text: string): number {
  const [, hours = 0, minutes = 0, seconds = 0] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

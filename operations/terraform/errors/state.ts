import { type Resource, ownerOf, resourceAt } from "../../../model/contract/resource";
import { advise, commandIn } from "../../base/remedy";
import type { Diagnostic } from "./diagnostic";
import { type Explain, type Explained, type Occurrence, textOf } from "./known";

/** `To work with docker_container.c_worker1 (orphan) its original provider configuration at provider["..."].c is required` */
const ORPHAN = /original provider configuration at provider\["[^"]*"\]\.([\w-]+) is required/;

/** A Docker host was deleted from the environment together with what is on it. */
export const explainMissingProvider: Explain = (diagnostic, { environment }) => {
  if (!/^Provider configuration not present/.test(diagnostic.summary)) return undefined;
  const host = ORPHAN.exec(textOf(diagnostic))?.[1];
  if (host === undefined) return undefined;
  return {
    what: `Docker host ${host} was deleted from the environment, but Terraform's state has resources on it`,
    remedy: advise`put it back without workers (\`workers: { "${host}": 0 }\`), apply, then delete it; if that server never comes back: ${commandIn({ environment }, "forget", host)}`,
  };
};

/** `Resource docker_volume.a_worker1 has lifecycle.prevent_destroy set` */
const PROTECTED = /Resource (\S+) has lifecycle\.prevent_destroy set/;

/** `protected: true`, or a volume of a node that stays. */
export const explainProtected: Explain = (diagnostic) => {
  const address = PROTECTED.exec(textOf(diagnostic))?.[1];
  if (address === undefined) return undefined;
  return {
    what: `${whoseIs(resourceAt(address), address)} would be destroyed, which the environment protects`,
    remedy:
      "undo in the environment what renames or moves it: the cluster's name, the coordinator's host, a node's name; to give the " +
      "whole cluster up: docs/destroy.md",
    refused: true,
  };
};

function whoseIs(resource: Resource, address: string): string {
  const owner = ownerOf(resource);
  return owner === undefined ? address : `${resource.kind} of ${owner}`;
}

/** The environment names another backend than the one that the state was last kept in, by what Terraform left in this folder. */
export const explainOtherBackend: Explain = ({ summary, detail }, { binary, folder }) => {
  if (
    !/^Backend (?:configuration|type) changed|^Can't ask approval for state migration/.test(summary) &&
    !/backend type changed|state migration/.test(detail)
  )
    return undefined;
  return {
    what: "the environment's backend is not the one that has the state",
    remedy: `move the state there: \`${binary} init -migrate-state\` in ${folder} (docs/state.md); or set the backend back`,
  };
};

/** `plan file was created by Terraform 1.11.3, but this is 1.11.4` */
const VERSION = /created by (?:Terraform|OpenTofu) (\S+), but this is ([^\s;]+)/;

/** What keeps a saved plan from being applied, or shown. */
export const explainPlan: Explain = (diagnostic, at) => {
  const what = whyNotThisPlan(diagnostic);
  return what === undefined ? undefined : { ...what, refused: true, remedy: what.remedy ?? reviewAgain(at) };
};

function reviewAgain({ environment }: Occurrence): Explained["remedy"] {
  return advise`review again: ${commandIn({ environment }, "review")}`;
}

/** Of a run that can't be confirmed any more. */
const REMOTE: Readonly<Record<string, string>> = {
  "is discarded":
    "the plan's run was discarded: another was applied first, or it was discarded at its server",
  "is already applied": "the plan's run was applied already",
  "is already confirmed": "the plan's run is being applied already",
  "is canceled": "the plan's run was canceled at its server",
  "is errored": "the plan's run failed at its server",
  "requires policy override": "a policy of the organization stops the plan's run",
};

function whyNotThisPlan(diagnostic: Diagnostic): (Pick<Explained, "what"> & Partial<Explained>) | undefined {
  const text = textOf(diagnostic);
  if (/^Saved plan is stale/.test(text))
    return {
      what: "the state was changed since the plan was made: by another apply, or by this plan, which was applied already",
    };
  const [, became] =
    /^Saved plan (is (?:already applied|already confirmed|canceled|discarded|errored)|requires policy override)/.exec(
      text,
    ) ?? [];
  if (became !== undefined)
    return {
      what: REMOTE[became] ?? `the plan's run ${became}`,
    };
  if (/^Saved plan does not match the given state/.test(text))
    return { what: "the plan belongs to another state: the backend was changed, or the state was recreated" };
  const [, planned, present = "another"] = VERSION.exec(text) ?? [];
  if (planned !== undefined)
    return {
      what: `the plan was made by version ${planned} of Terraform, but this is ${present}`,
      remedy: "run the version that made it, or review again with this one",
    };
  if (/^Inconsistent dependency lock file/.test(text))
    return {
      what: "the plan was made with other versions of the providers than this folder's lock file has",
    };
  if (/Failed to read plan from plan file|Failed to load "[^"]*" as a plan file/.test(text))
    return { what: `the file is not a plan that can be read (${diagnostic.summary})` };
  return undefined;
}

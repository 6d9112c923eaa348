import { type Resource, ownerOf, resourceOf } from "../../../model/contract/resource";
import { formatDuration } from "../../base/duration";
import type { Progress } from "../../base/progress";
import type { ApplyEvent } from "../../terraform/apply-events";
import type { PlanJson } from "../../terraform/plan";

/** What an apply has done with one resource. */
export interface Change {
  readonly address: string;
  readonly resource: Resource;
  readonly action: "create" | "update" | "delete" | "replace";
  readonly seconds: number;
}

/** What happened so far. */
export interface Told {
  /** To be given each event. */
  readonly onEvent: (event: ApplyEvent) => void;
  /** In their order. */
  readonly changes: readonly Change[];
  /** Whether anything failed that was begun. */
  readonly failed: () => boolean;
}

/** What takes long is said to go on, every so often. In seconds. */
const EVERY = 30;

/** Our own steps tell their seconds, and we tell ours. */
const STEP_SECONDS = /^\[\s*[\d.]+s\] /;

/** Of Terraform's own about a step; and a step's last line where it fails, which the failure itself has. */
const UNTOLD = /^(?:Executing: \[|pg-dist: )/;

/**
 * Tells an apply by nodes, a line for each thing that is done to one.
 *
 * @param plan that is applied: it says which containers are destroyed to be replaced
 */
export function tellApply(plan: PlanJson, progress: Progress): Told {
  const replaced = new Set(
    (plan.resource_changes ?? [])
      .filter(({ change: { actions } }) => actions.includes("delete") && actions.includes("create"))
      .map(({ address }) => address),
  );
  /** Of a replacement of which the first half is done, in seconds. */
  const halves = new Map<string, number>();
  const changes: Change[] = [];
  let failed = false;
  const onEvent = (event: ApplyEvent) => {
    if (event.event === "output") {
      const text = event.text.replace(STEP_SECONDS, "").trimEnd();
      if (text !== "" && !UNTOLD.test(text)) progress(text);
      return;
    }
    const { address, action, seconds } = event;
    const resource = resourceOf(event.resource);
    const replaces = replaced.has(address);
    const tell = (words: string) => progress(`${labelOf(resource, address)}: ${words}`);
    const took = `(${formatDuration(seconds)})`;
    switch (event.event) {
      case "begun":
        return;
      case "going-on":
        if (seconds % EVERY === 0) tell(`${stillWords(resource, action)} ${took}`);
        return;
      case "failed":
        failed = true;
        tell(`${failedWords(resource, action)} ${took}`);
        return;
      case "done": {
        const half = halves.get(address);
        if (replaces && half === undefined) {
          halves.set(address, seconds);
          const words = halfWords(resource);
          if (words !== undefined) tell(`${words} ${took}`);
          return;
        }
        changes.push({
          address,
          resource,
          action: half === undefined ? action : "replace",
          seconds: seconds + (half ?? 0),
        });
        const words = half === undefined ? wordsOf(resource, action) : replacedWords(resource);
        if (words !== undefined) tell(`${words} ${took}`);
      }
    }
  };
  return { onEvent, changes, failed: () => failed };
}

const DONE = { create: "created", update: "changed", delete: "destroyed" } as const;

/** Of what happened to a node or a host; undefined for what only Terraform's state notes. */
function wordsOf(resource: Resource, action: "create" | "update" | "delete"): string | undefined {
  switch (resource.kind) {
    case "membership":
      return action === "delete" ? "emptied, and removed from the cluster" : undefined;
    case "registration":
      return action === "create" ? "every node is registered, and its metadata verified" : undefined;
    case "guard":
      return action === "delete" ? "nothing objects to the change" : undefined;
    case "image":
      return action === "delete" ? undefined : "image is present";
    case "container":
      return action === "update" ? "container changed in place" : `container ${DONE[action]}`;
    default:
      return `${nounOf(resource)}${DONE[action]}`;
  }
}

/** Of the first half of a replacement, where something happens in it. */
function halfWords(resource: Resource): string | undefined {
  if (resource.kind === "container") return "container stopped, for a new one";
  return resource.kind === "guard" ? wordsOf(resource, "delete") : undefined;
}

/** A new container stands for the node; a step runs in one of the two halves. */
function replacedWords(resource: Resource): string | undefined {
  if (resource.kind === "container") return "runs in a new container, on its data";
  if (resource.kind === "registration") return wordsOf(resource, "create");
  if (resource.kind === "guard") return undefined;
  return `${nounOf(resource)}replaced`;
}

/** What a program of ours does, which says itself how it goes. */
function isStep({ kind }: Resource): boolean {
  return kind === "membership" || kind === "registration" || kind === "guard";
}

function stillWords(resource: Resource, action: keyof typeof DONE): string {
  return isStep(resource) ? "still at work" : `${nounOf(resource)}is still being ${DONE[action]}`;
}

function failedWords(resource: Resource, action: keyof typeof DONE): string {
  return isStep(resource) ? "failed" : `${nounOf(resource)}could not be ${DONE[action]}`;
}

function labelOf(resource: Resource, address: string): string {
  return ownerOf(resource) ?? (resource.kind === "other" ? address : resource.kind);
}

/** With a space behind it; nothing where the label says it. */
function nounOf({ kind }: Resource): string {
  return kind === "other" ? "" : `${kind} `;
}

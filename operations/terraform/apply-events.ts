import type { ResourceName } from "../../model/contract/resource";
import type { Diagnostic } from "./errors/diagnostic";

/** One thing that happens in an apply. */
export type ApplyEvent =
  | {
      readonly event: "begun" | "going-on" | "done" | "failed";
      readonly address: string;
      readonly resource: ResourceName;
      readonly action: "create" | "update" | "delete";
      /** Since it was begun; 0 then. */
      readonly seconds: number;
    }
  /** A line that a step prints. */
  | { readonly event: "output"; readonly address: string; readonly text: string };

interface Line {
  readonly type?: string;
  readonly hook?: {
    readonly resource?: {
      readonly addr: string;
      readonly resource_type: string;
      readonly resource_name: string;
      readonly resource_key?: string | number | null;
    };
    readonly action?: string;
    readonly elapsed_seconds?: number;
    readonly output?: string;
  };
  readonly diagnostic?: {
    readonly severity: string;
    readonly summary: string;
    readonly detail?: string;
    readonly address?: string;
  };
}

const EVENTS: Readonly<Partial<Record<string, "begun" | "going-on" | "done" | "failed">>> = {
  apply_start: "begun",
  apply_progress: "going-on",
  apply_complete: "done",
  apply_errored: "failed",
};

/**
 * A line of what `terraform apply -json` prints ("machine-readable UI", version 1): an event, a diagnostic, or nothing that
 * is told, as what begins or is in a format that came later.
 */
export function readApplyLine(text: string): ApplyEvent | Diagnostic | undefined {
  let line: Line;
  try {
    line = JSON.parse(text) as Line;
  } catch {
    // A provider may write beside it.
    return undefined;
  }
  const { type = "", hook, diagnostic } = line;
  if (diagnostic !== undefined) {
    const { severity, summary, detail = "", address } = diagnostic;
    return {
      severity: severity === "warning" ? "warning" : "error",
      summary,
      detail,
      ...(address === undefined ? {} : { address }),
    };
  }
  const { resource, action, output, elapsed_seconds: seconds = 0 } = hook ?? {};
  if (resource === undefined) return undefined;
  const { addr: address, resource_type, resource_name, resource_key } = resource;
  if (type === "provision_progress" && output !== undefined)
    return { event: "output", address, text: output };
  const event = EVENTS[type];
  if (event === undefined || (action !== "create" && action !== "update" && action !== "delete"))
    return undefined;
  const index = resource_key === undefined || resource_key === null ? {} : { index: resource_key };
  return {
    event,
    address,
    resource: { type: resource_type, name: resource_name, ...index },
    action,
    seconds,
  };
}

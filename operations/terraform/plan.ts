import type { ResourceName } from "../../model/contract/resource";

/** A plan as `terraform show -json` gives it, as far as it is read. It holds the values of all variables, secrets too. */
export interface PlanJson {
  readonly terraform_version?: string;
  /** RFC 3339: when it was made. */
  readonly timestamp?: string;
  /** True where making it failed half-way; what it would do is not known then. */
  readonly errored?: boolean;
  readonly resource_changes?: readonly ResourceChange[];
  /** What was found to be other than the state has it; also what the plan leaves as it is, being ignored or computed. */
  readonly resource_drift?: readonly ResourceChange[];
  readonly variables?: Readonly<Record<string, { readonly value?: unknown }>>;
  /** What was planned from. */
  readonly configuration?: { readonly root_module?: { readonly resources?: readonly ConfiguredResource[] } };
}

interface ConfiguredResource {
  readonly provisioners?: readonly {
    readonly type: string;
    readonly expressions?: { readonly command?: { readonly constant_value?: unknown } };
  }[];
}

/** The commands that a plan's configuration has for local-exec. */
export function commandsOf({ configuration }: PlanJson): string[] {
  return (configuration?.root_module?.resources ?? []).flatMap(({ provisioners = [] }) =>
    provisioners.flatMap(({ type, expressions }) => {
      const command = expressions?.command?.constant_value;
      return type === "local-exec" && typeof command === "string" ? [command] : [];
    }),
  );
}

/** What a plan does with one resource; also with those that it leaves as they are. */
export interface ResourceChange extends ResourceName {
  readonly address: string;
  readonly change: {
    readonly actions: readonly PlannedAction[];
    readonly before?: Attributes | null;
    readonly after?: Attributes | null;
    /** True, or an object of such, for each attribute that is known after the apply only. */
    readonly after_unknown?: Readonly<Record<string, unknown>>;
    readonly importing?: { readonly id: string };
    /** Paths of the attributes that force a replacement. */
    readonly replace_paths?: readonly (readonly (string | number)[])[];
  };
}

/** Of a replacement, `delete` and `create` in the order in which they are done. */
export type PlannedAction = "no-op" | "create" | "read" | "update" | "delete" | "forget";

export type Attributes = Readonly<Record<string, unknown>>;

/** Names of the attributes that force a resource to be replaced. */
export function forcedBy({ change }: Pick<ResourceChange, "change">): string[] {
  return [...new Set((change.replace_paths ?? []).map(([attribute]) => String(attribute)))];
}

/** A plan as `terraform show -json` gives it, as far as it is read. */
export interface PlanJson {
  readonly resource_changes?: readonly ResourceChange[];
}

/** What a plan does with one resource; also with those that it leaves as they are. */
interface ResourceChange {
  readonly address: string;
  readonly type: string;
  readonly change: {
    /** `no-op`, `create`, `read`, `update`, `delete`; of a replacement `delete` and `create`. */
    readonly actions: readonly string[];
    readonly importing?: { readonly id: string };
    /** Paths of the attributes that force a replacement. */
    readonly replace_paths?: readonly (readonly (string | number)[])[];
  };
}

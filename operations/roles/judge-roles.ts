import type { RoleState } from "./probe";

/** What one node answered. */
export interface NodeRoles {
  /** Id or endpoint. */
  readonly label: string;
  readonly groupid: number;
  readonly states: readonly RoleState[];
}

/**
 * Why connections between nodes fail for a role:
 * `missing` the role isn't there, `nologin`, `expired` (VALID UNTIL), `barred` (CONNECTION LIMIT 0), `connect` (no privilege to
 * connect to the database): at the nodes that refuse it.
 * `unstored`: those that connect have no credentials of it; `mismatch`: what they have is refused.
 */
export type Cause = "missing" | "nologin" | "expired" | "barred" | "connect" | "unstored" | "mismatch";

export interface RoleFault {
  readonly role: string;
  readonly cause: Cause;
  /** Labels of the nodes where it is, in the order of the nodes. */
  readonly nodes: readonly string[];
  /** The connections that fail for it. */
  readonly pairs: readonly { readonly from: string; readonly to: string }[];
}

/** In this order: what is mended first. */
const CAUSES: readonly Cause[] = [
  "missing",
  "nologin",
  "expired",
  "barred",
  "connect",
  "unstored",
  "mismatch",
];

/** What stands against connections of this role; nothing where all that were tried work. */
export function judgeRole(role: string, nodes: readonly NodeRoles[]): RoleFault[] {
  const stateOf = ({ states }: NodeRoles) => states.find((state) => state.role === role);
  const found = nodes.flatMap((from) => {
    const own = stateOf(from);
    if (own === undefined) return [];
    if (!own.exists) return [{ cause: "missing" as Cause, at: from.label, from: from.label, to: from.label }];
    return own.reached.flatMap(({ groupid, ok }) => {
      if (ok !== false) return [];
      const to = nodes.find((node) => node.groupid === groupid);
      const there = to === undefined ? undefined : stateOf(to);
      const cause = causeOf(own, there);
      const at = cause === "unstored" || cause === "mismatch" ? from.label : to?.label;
      return [{ cause, at: at ?? from.label, from: from.label, to: to?.label ?? `group ${groupid}` }];
    });
  });
  return CAUSES.flatMap((cause) => {
    const own = found.filter((each) => each.cause === cause);
    if (own.length === 0) return [];
    const labels = nodes.map(({ label }) => label).filter((label) => own.some(({ at }) => at === label));
    const pairs = own.filter(({ from, to }) => from !== to || cause !== "missing");
    return [{ role, cause, nodes: labels, pairs: pairs.map(({ from, to }) => ({ from, to })) }];
  });
}

function causeOf(own: RoleState, there: RoleState | undefined): Cause {
  if (there !== undefined) {
    if (!there.exists) return "missing";
    if (!there.login) return "nologin";
    if (there.expired) return "expired";
    if (there.barred) return "barred";
    if (!there.connect) return "connect";
  }
  return own.stored ? "mismatch" : "unstored";
}

/** Roles of which a connection was not tried, as the time was over. */
export function untriedRoles(nodes: readonly NodeRoles[]): string[] {
  const names = nodes.flatMap(({ states }) =>
    states.flatMap(({ role, exists, reached }) =>
      exists && reached.some(({ ok }) => ok === null) ? [role] : [],
    ),
  );
  return [...new Set(names)];
}

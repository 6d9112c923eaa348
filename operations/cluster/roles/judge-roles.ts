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
 * connect to the database), `hba` (pg_hba.conf), `limited` (its CONNECTION LIMIT is used up), `full` (that of the server or
 * the database): at the nodes that refuse it.
 * `unstored`: those that connect have no credentials of it; `mismatch`: what they have is refused; `other`: what else the
 * server says; `untold`: it said nothing in time.
 */
export type Cause =
  | "missing"
  | "nologin"
  | "expired"
  | "barred"
  | "connect"
  | "hba"
  | "limited"
  | "full"
  | "unstored"
  | "mismatch"
  | "other"
  | "untold";

export interface RoleFault {
  readonly role: string;
  readonly cause: Cause;
  /** Labels of the nodes where it is, in the order of the nodes. */
  readonly nodes: readonly string[];
  /** The connections that fail for it. */
  readonly pairs: readonly { readonly from: string; readonly to: string }[];
  /** What the server said, of the first of them. */
  readonly said?: string;
}

/** In this order: what is mended first. */
const CAUSES: readonly Cause[] = [
  ...(["missing", "nologin", "expired", "barred", "connect", "hba", "limited", "full"] as const),
  ...(["unstored", "mismatch", "other", "untold"] as const),
];

/** Whether it is with the node that connects, and not with the one that refuses. */
export function isOfSource(cause: Cause): boolean {
  return ["unstored", "mismatch", "other", "untold"].includes(cause);
}

interface Found {
  readonly cause: Cause;
  readonly at: string;
  readonly from: string;
  readonly to: string;
  readonly said?: string;
}

/** What stands against connections of this role; nothing where all that were tried work. */
export function judgeRole(role: string, nodes: readonly NodeRoles[]): RoleFault[] {
  const stateOf = ({ states }: NodeRoles) => states.find((state) => state.role === role);
  const found = nodes.flatMap((from): Found[] => {
    const own = stateOf(from);
    if (own === undefined) return [];
    if (!own.exists) return [{ cause: "missing", at: from.label, from: from.label, to: from.label }];
    return own.reached.flatMap(({ groupid, ok, said }) => {
      if (ok !== false) return [];
      const to = nodes.find((node) => node.groupid === groupid);
      const there = to === undefined ? undefined : stateOf(to);
      return causesOf(own, there, said).map((cause) => {
        const at = isOfSource(cause) ? from.label : to?.label;
        return { cause, at: at ?? from.label, from: from.label, to: to?.label ?? `group ${groupid}`, said };
      });
    });
  });
  return CAUSES.flatMap((cause) => {
    const own = found.filter((each) => each.cause === cause);
    if (own.length === 0) return [];
    const labels = nodes.map(({ label }) => label).filter((label) => own.some(({ at }) => at === label));
    const pairs = own.filter(({ from, to }) => from !== to || cause !== "missing");
    const said = own.find((each) => each.said !== undefined)?.said;
    return [
      {
        ...{ role, cause, nodes: labels, pairs: pairs.map(({ from, to }) => ({ from, to })) },
        ...(said === undefined ? {} : { said }),
      },
    ];
  });
}

/**
 * All that stand against one connection, as far as they can be told: a server looks at the password, then at the role, then
 * at the database, and says the first only.
 */
function causesOf(own: RoleState, there: RoleState | undefined, said: string | undefined): Cause[] {
  const known: Cause[] = [];
  if (there !== undefined) {
    // A password for it is given in the same step.
    if (!there.exists) return ["missing"];
    if (!there.login) return ["nologin"];
    if (there.expired) known.push("expired");
    if (there.barred) known.push("barred");
    if (!there.connect) known.push("connect");
  }
  const told = said === undefined ? undefined : causeOfWords(said, own.stored);
  if (told === undefined) return known.length > 0 ? known : [own.stored ? "untold" : "unstored"];
  // Of one that has expired it says the same as of a wrong one.
  if (known.includes(told) || (told === "mismatch" && known.includes("expired"))) return known;
  // A limit of 0 is used up, too.
  return told === "limited" && known.includes("barred") ? known : [...known, told];
}

const WORDS: readonly (readonly [RegExp, Cause])[] = [
  [/too many connections for role/, "limited"],
  [/too many clients|remaining connection slots|too many connections for database/, "full"],
  [/pg_hba\.conf/, "hba"],
  [/is not permitted to log in/, "nologin"],
  [/permission denied for database/, "connect"],
  [/role ".*" does not exist/, "missing"],
];

function causeOfWords(said: string, stored: boolean): Cause {
  if (/password/.test(said)) return stored ? "mismatch" : "unstored";
  return WORDS.find(([pattern]) => pattern.test(said))?.[1] ?? "other";
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

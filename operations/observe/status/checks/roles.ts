import { explainRoles, explainUntried } from "../../../cluster/roles/explain-role";
import { type Check, placeOf } from "../check";
import type { Fault } from "../../../base/finding";

/**
 * Roles whose connections between nodes fail. For an owner of distributed tables that breaks everything it does; for one that
 * may only use them its queries; for an owner that nobody logs in as only moves of its tables.
 */
export const roles: Check = (snapshot) => {
  const { roles: asked } = snapshot;
  if (asked === undefined) return [];
  const findings = explainRoles(asked, placeOf(snapshot)).map(({ owner, queries, what, remedy }): Fault => ({
    severity: owner && queries ? "broken" : "warning",
    check: "roles",
    what,
    remedy,
  }));
  const untried = explainUntried(asked, placeOf(snapshot));
  return untried === undefined ? findings : [...findings, { severity: "advice", check: "roles", ...untried }];
};

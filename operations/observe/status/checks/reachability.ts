import { type Check, ofEachNode } from "../check";

/** Nodes that said nothing. */
export const reachability: Check = ofEachNode(({ label, failed }) =>
  failed === undefined
    ? []
    : [{ severity: "broken", check: "reachability", node: label, what: failed.what, remedy: failed.remedy }],
);

import { failed, ok } from "../finding";
import type { InsideCheck } from "./check";
import { superuserPasswordRemedy } from "../../../cluster/nodes/remedies";

/** Whether a node has stored the cluster's password for its connections to the others. */
export const checkCredentials: InsideCheck = ({ node, inside: { citus } }, { cluster }) => {
  if (citus === undefined) return [];
  const place = { check: "credentials", where: node.id };
  if (citus.credentials === "stored") return [ok(place, "pg_dist_authinfo holds the password")];
  return [
    failed(
      place,
      citus.credentials === "none"
        ? "pg_dist_authinfo holds no password: Citus there can't log in to the others"
        : "pg_dist_authinfo holds another password than TF_VAR_postgres_password",
      superuserPasswordRemedy(cluster),
    ),
  ];
};

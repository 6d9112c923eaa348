import type { Remedy } from "../../base/remedy";

/**
 * Without the first statement the session is read-only itself, and so it can't take that back; without the second one a worker
 * refuses ALTER ROLE, and the coordinator's would fail at the workers that got the setting from it.
 */
export const READ_ONLY_REMEDY =
  "there, in one session: SET default_transaction_read_only = off; SET citus.enable_ddl_propagation = off; then ALTER DATABASE, ROLE " +
  "or SYSTEM ... RESET default_transaction_read_only, whichever has set it, and SELECT pg_reload_conf()";

/**
 * What to do about a setting that an error of the server shows: Citus opens its sessions on other nodes itself, where none
 * of our options reach. Our user is a superuser, whom nothing but another role denies a permission.
 *
 * @returns undefined where the error shows no such setting
 */
export function remedyForSetting(error: string): Remedy | undefined {
  if (/read-only transaction/.test(error)) {
    return `default_transaction_read_only is on at a node (pg-dist status names it): ${READ_ONLY_REMEDY}`;
  }
  if (/permission denied|must be (superuser|owner)/.test(error)) {
    return (
      "our user's sessions there begin as another role, or it is no superuser: SELECT setconfig FROM pg_db_role_setting " +
      "there shows role=...; ALTER ROLE ... RESET role, from a session with PGOPTIONS='-c role=none'"
    );
  }
  return undefined;
}

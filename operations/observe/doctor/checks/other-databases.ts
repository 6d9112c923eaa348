import { inDatabase } from "../../../base/command-line";
import { quoteName } from "../../../base/shown-words";
import { explainLogins } from "../../status/checks/holdings";
import { type Finding, failed, ok, warning } from "../finding";
import type { Inspection } from "../inspection";
import { UNOPENED_REMEDY, remedyForUnreadable } from "../../../cluster/holdings/other-databases";
import { commandIn, typed } from "../../../base/remedy";

/** Each is a cluster of its own in its metadata, which the other checks don't look at. */
export function checkOtherDatabases({ cluster, otherDatabases = [] }: Inspection): Finding[] {
  const place = { check: "other databases", where: cluster.environment };
  return otherDatabases.flatMap((database): Finding[] => {
    const { name, shards, unreadable, unopened } = database;
    if (unopened !== undefined) {
      return [
        warning(
          place,
          `database ${quoteName(name)} of the coordinator can't be opened: ${unopened}`,
          UNOPENED_REMEDY,
        ),
      ];
    }
    if (unreadable !== undefined) {
      return [
        failed(
          place,
          `the Citus database ${quoteName(name)} can't be read: ${unreadable}`,
          remedyForUnreadable(name, unreadable),
        ),
      ];
    }
    const faults = explainLogins(database, cluster);
    if (faults.length > 0) {
      return faults.map(({ severity, what, remedy }) =>
        (severity === "broken" ? failed : warning)(place, what, remedy),
      );
    }
    const status = typed(commandIn(inDatabase(cluster, name), "status"));
    return [ok(place, `${quoteName(name)} with ${shards} shards has Citus too: \`${status}\` looks at it`)];
  });
}

import { quoteName } from "../../../base/shown-words";
import { type Place, placeInDatabase } from "../../../base/place";
import { credentialsLine } from "../../../cluster/roles/explain-role";
import { type Check, ofEachNode, placeOf } from "../check";
import type { Fault } from "../../../base/finding";
import { isOfMove } from "../moves";
import { MOST_OWN } from "../../../cluster/nodes/node-state";
import type { OtherDatabase } from "../elsewhere";
import { UNOPENED_REMEDY, remedyForUnreadable } from "../../../cluster/holdings/other-databases";
import { type Remedy, advise, commandIn } from "../../../base/remedy";

/** How many of them are named. */
const NAMED = 3;

/** What holds up a removal: a worker's server goes with its volume, and this is nowhere else. */
export const ownThings: Check = ofEachNode(({ label, role, state, ownThings = [] }): Fault[] => {
  const own = [
    ...ownThings.map(({ kind, name }) => `${kind} ${name}`),
    ...named(
      "replication slot",
      (state?.slots ?? []).map(({ name }) => name),
    ),
    ...named("subscription", state?.subscriptions ?? []),
  ];
  if (role !== "worker" || own.length === 0) return [];
  const first = own.slice(0, NAMED).join(", ");
  const count = own.length >= MOST_OWN ? `${MOST_OWN} or more` : String(own.length);
  const more = own.length > NAMED ? `, ... (${count} in all)` : "";
  return [
    {
      severity: "advice",
      check: "own-things",
      node: label,
      what: `it holds what no other node has, and what keeps it from being removed: ${first}${more}`,
      remedy:
        "nothing while it stays; before it leaves, copy what matters (pg_dump -t) and drop it there, " +
        "and what depends on a shard before that shard moves",
    },
  ];
});

/** Without those of moves. */
function named(kind: string, names: readonly string[]): string[] {
  return names.filter((name) => !isOfMove(name)).map((name) => `${kind} ${name}`);
}

/** Each is a cluster of its own in its metadata. */
export const otherDatabases: Check = ({
  otherDatabases: others = [],
  environment,
  otherDatabase,
  database,
  url,
}) =>
  others.map(({ name, shards, unreadable, unopened }): Fault => {
    if (unopened !== undefined) {
      return {
        severity: "advice",
        check: "other-database",
        what: `database ${quoteName(name)} of the coordinator can't be opened, and nothing here covers it: ${unopened}`,
        remedy: UNOPENED_REMEDY,
      };
    }
    if (unreadable !== undefined) {
      return {
        severity: "broken",
        check: "other-database",
        what: `the Citus database ${quoteName(name)} on these servers can't be read: ${unreadable}`,
        remedy: remedyForUnreadable(name, unreadable),
      };
    }
    const named = environment ?? otherDatabase?.environment;
    return {
      severity: "advice",
      check: "other-database",
      what: `the Citus database ${quoteName(name)} with ${shards} shards is on these servers too, and nothing here covers it`,
      remedy:
        named === undefined
          ? advise`${commandIn({ url: `${(url ?? "").replace(/\/[^/]*$/, "")}/${encodeURIComponent(name)}` }, "status")}`
          : advise`${commandIn({ environment: named, database: name, homeDatabase: database }, "status")}`,
    };
  });

export const otherLogins: Check = (snapshot) =>
  [
    ...(snapshot.otherDatabases ?? []),
    ...(snapshot.loginsHere === undefined
      ? []
      : [{ name: snapshot.database, shards: 0, logins: snapshot.loginsHere }]),
  ].flatMap((database) => explainLogins(database, placeOf(snapshot)));

/**
 * A database that was made by hand has no stored passwords. Until its containers start anew its nodes have the one of their
 * first start in their environment; then nothing leads from one to the other any more.
 */
export function explainLogins({ name, logins }: OtherDatabase, place: Place): Fault[] {
  if (logins === undefined) return [];
  const { unstored, refused } = logins;
  const [first] = [...refused.filter(({ from, to }) => from !== to), ...refused];
  const more = refused.length > 1 ? `, and ${refused.length - 1} more` : "";
  const words = [
    ...(first === undefined ? [] : [`${first.from} can't log in to ${first.to} (${first.said})${more}`]),
    ...(unstored.length === 0
      ? []
      : [`no password for the other nodes is stored on ${unstored.join(", ")} (pg_dist_authinfo)`]),
  ];
  if (words.length === 0) return [];
  const now = first !== undefined;
  const what =
    `in the Citus database ${quoteName(name)} on these servers ${words.join("; ")}: its queries ` +
    (now ? "fail" : "fail once these containers have restarted");
  const remedy = otherLoginsRemedy(name, place);
  return [{ severity: now ? "broken" : "warning", check: "other-database", what, remedy }];
}

function otherLoginsRemedy(database: string, { environment, ...place }: Place): Remedy {
  if (environment === undefined) {
    return (
      `as superuser on every node, in database ${quoteName(database)}: INSERT INTO pg_dist_authinfo SELECT 0, current_user, ` +
      "'password=...' ON CONFLICT (nodeid, rolename) DO UPDATE SET authinfo = excluded.authinfo"
    );
  }
  return advise`${credentialsLine(placeInDatabase({ environment, ...place }, database))} stores it on every node`;
}

/** A container that was made anew without what somebody had installed in the old one. */
export const lostFiles: Check = ofEachNode(({ label, state }): Fault[] => {
  const lost = state?.lost_files ?? [];
  if (lost.length === 0) return [];
  return [
    {
      severity: "broken",
      check: "lost-files",
      node: label,
      what: `its server lacks files that its database needs: ${lost.join(", ")}: what uses them fails`,
      remedy: "give it an image that has them, or install them there again until then",
    },
  ];
});

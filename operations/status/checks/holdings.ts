import { shellWord } from "../../other-database";
import { quoteName } from "../../shown-words";
import { type Check, type Finding, ofEachNode } from "../finding";
import { MOST_OWN } from "../node-state";

/** How many of them are named. */
const NAMED = 3;

/** What holds up a removal: a worker's server goes with its volume, and this is nowhere else. */
export const ownThings: Check = ofEachNode(({ label, role, ownThings: own = [] }): Finding[] => {
  if (role !== "worker" || own.length === 0) return [];
  const named = own.slice(0, NAMED).join(", ");
  const count = own.length >= MOST_OWN ? `${MOST_OWN} or more` : String(own.length);
  const more = own.length > NAMED ? `, ... (${count} in all)` : "";
  return [
    {
      severity: "advice",
      check: "own-things",
      node: label,
      what: `it holds what no other node has, and what keeps it from being removed: ${named}${more}`,
      remedy:
        "nothing while it stays; before it leaves, copy what matters (pg_dump -t) and drop it there, " +
        "and what depends on a shard before that shard moves",
    },
  ];
});

/** Each is a cluster of its own in its metadata. */
export const otherDatabases: Check = ({ otherDatabases: others = [], environment, otherDatabase, url }) =>
  others.map(({ name, shards }): Finding => {
    const named = environment ?? otherDatabase?.environment;
    return {
      severity: "advice",
      check: "other-database",
      what: `the Citus database ${quoteName(name)} with ${shards} shards is on these servers too, and nothing here tells of it`,
      remedy:
        named === undefined
          ? `\`npx pg-dist status --url ${(url ?? "").replace(/\/[^/]*$/, "")}/${encodeURIComponent(name)}\``
          : `\`npx pg-dist status ${named} --database ${shellWord(name)}\``,
    };
  });

/** A container that was made anew without what somebody had installed in the old one. */
export const lostFiles: Check = ofEachNode(({ label, state }): Finding[] => {
  const lost = state?.lost_files ?? [];
  if (lost.length === 0) return [];
  return [
    {
      severity: "broken",
      check: "lost-files",
      node: label,
      what: `its database has what its server lacks the files of: ${lost.join(", ")}: what uses it fails`,
      remedy: "give it an image that has them, or install them there again until then",
    },
  ];
});

import { formatBytes } from "../../base/bytes";
import { quoteName } from "../../base/shown-words";
import type { DatabaseContents, Held, ServerContents } from "./contents";

/** Of a database that isn't the cluster's so many things are named. */
const NAMED = 5;

/** What the cluster's own database holds on a server, each by itself. */
export function heldInDatabase(contents: DatabaseContents): Held[] {
  return [
    ...contents.relations.map(({ kind, name, bytes }): Held => ({
      what: `${kind} ${name}${hasFile(kind) ? ` (${formatBytes(bytes)})` : ""}`,
      remedy: hasFile(kind)
        ? `copy it with pg_dump -t, or DROP ${kind.toUpperCase()} there`
        : `keep its definition, or DROP ${kind.toUpperCase()} there`,
    })),
    ...contents.definitions.map(({ kind, name }): Held => ({
      what: `${kind} ${name}`,
      remedy: `keep its definition, or DROP ${kind.toUpperCase()} there`,
    })),
    ...contents.configured.map(({ extension, name, rows }): Held => ({
      what: `${rows} row(s) in ${name} of extension ${extension}`,
      remedy: "copy or delete them, as the extension documents it",
    })),
    ...largeObjects(contents),
  ];
}

function largeObjects({ largeObjects: { count, bytes } }: DatabaseContents): Held[] {
  if (count === 0) return [];
  return [
    {
      what: `${count} large object(s) (${formatBytes(bytes)})`,
      remedy:
        "copy them with pg_dump --large-objects or lo_export, or SELECT lo_unlink(oid) FROM pg_largeobject_metadata there",
    },
  ];
}

function hasFile(kind: string): boolean {
  return kind === "table" || kind === "materialized view";
}

/**
 * Another database of a server, in one line; undefined for one in which nobody has made anything.
 *
 * @param member whether the server is a worker in it: then it has shards, and nothing may be said that drops them
 */
export function heldAsDatabase(
  contents: DatabaseContents,
  { name, bytes }: ServerContents["databases"][number],
  member: boolean,
): Held | undefined {
  const all = heldInDatabase(contents).map(({ what }) => what);
  if (all.length === 0) return undefined;
  const more = all.length - NAMED;
  const list = [...all.slice(0, NAMED), ...(more > 0 ? [`${more} more`] : [])].join(", ");
  if (member) {
    return {
      what: `${list} in database ${quoteName(name)}`,
      remedy: "copy what matters with pg_dump -t, and drop it there, and nothing else of that database",
    };
  }
  return {
    what: `database ${quoteName(name)} (${formatBytes(bytes)}) with ${list}`,
    remedy: `copy it with pg_dump, or DROP DATABASE ${quoteName(name)} there`,
  };
}

/**
 * A database whose contents can't be known counts as something to lose.
 *
 * @param member whether the server is a worker in it
 */
export function heldUnseen(
  { name, bytes }: ServerContents["databases"][number],
  why: string,
  member = false,
): Held {
  return {
    what: `database ${quoteName(name)} (${formatBytes(bytes)}), which could not be inspected: ${why}`,
    remedy: member
      ? `fix that (datallowconn: ALTER DATABASE ${quoteName(name)} ALLOW_CONNECTIONS true there); then what it holds besides shards is listed`
      : `see what is in it; copy it with pg_dump, or DROP DATABASE ${quoteName(name)} there`,
  };
}

/**
 * A database that can't be opened on the coordinator: whether the server is a worker there, so that tables are shards, only that
 * one tells.
 */
export function heldUnknown({ name, bytes }: ServerContents["databases"][number], why: string): Held {
  return {
    what: `database ${quoteName(name)} (${formatBytes(bytes)}), which can't be opened on the coordinator, so that its shards can't be told apart from other tables: ${why}`,
    remedy: `fix that on the coordinator first; if nobody needs it, DROP DATABASE ${quoteName(name)} there and on the coordinator`,
  };
}

/** What belongs to the server as a whole. */
export function heldOnServer({ slots, subscriptions, prepared, files }: ServerContents): Held[] {
  return [
    ...slots.map(({ name, type, active, database, bytes }): Held => {
      const where = database === null ? "" : ` of database ${quoteName(database)}`;
      const reader = active ? "it has a consumer" : "it has no consumer now";
      return {
        what: `${type} replication slot ${name}${where} (${reader}, retains ${formatBytes(bytes)} of WAL)`,
        remedy: `end its reader (a standby, a subscription, change data capture), then SELECT pg_drop_replication_slot('${name}') there`,
      };
    }),
    ...subscriptions.map(({ name, database }): Held => ({
      what: `subscription ${quoteName(name)} in database ${quoteName(database)}`,
      remedy:
        `DROP SUBSCRIPTION ${quoteName(name)} there, in that database; where its publisher or its slot is gone, first ALTER SUBSCRIPTION ` +
        `${quoteName(name)} DISABLE, then ALTER SUBSCRIPTION ${quoteName(name)} SET (slot_name = NONE)`,
    })),
    ...prepared.map(({ gid, database }): Held => ({
      what: `prepared transaction '${gid}' in database ${quoteName(database)}`,
      remedy: `COMMIT PREPARED or ROLLBACK PREPARED it there, in that database`,
    })),
    ...files.map((name): Held => ({
      what: `${name} in the data directory, which is not PostgreSQL's`,
      remedy: "copy or remove it",
    })),
  ];
}

import { type ClusterNode, formatEndpoint } from "../../../model/cluster";
import { oneLine } from "../../base/failure";
import type { Place } from "../../base/place";
import type { ServerMessage, Session } from "../connection/session";
import { remedyForSetting } from "./setting-cause";
import { quoteName } from "../../base/shown-words";
import { type Explained, explainConnection } from "./connection-cause";
import { type Remedy, advise, commandIn } from "../../base/remedy";
import { WAL_LEVEL_REMEDY, extensionRemedy, diskRemedy } from "./remedies";

/** Of whom it may be, by the names that they have in the output. */
export interface KnownNodes extends Place {
  readonly nodes: readonly Pick<ClusterNode, "id" | "endpoint">[];
}

/** What a statement said that Citus carries out on other nodes, and that failed. */
export interface NodeFailure {
  /** The error's own text, on one line. */
  readonly error: string;
  /** What came before it: of an error on another node Citus gives the cause in a WARNING only. */
  readonly messages: readonly Pick<ServerMessage, "severity" | "text" | "detail">[];
  readonly cluster: KnownNodes;
  /** The node that answered with it, where the error itself names none. @default the coordinator, which may say it of another */
  readonly by?: string;
}

/**
 * Which cause a failure on another node has, and what to do about this one. What isn't known is given in the server's
 * own words, and no remedy promises that it helps.
 */
export function explainNodeFailure({ error, messages, cluster, by }: NodeFailure): Explained {
  const nameOf = (endpoint: string) =>
    cluster.nodes.find((node) => formatEndpoint(node.endpoint) === endpoint)?.id ?? endpoint;
  const warnings = messages.filter(({ severity }) => severity === "WARNING" || severity === "ERROR");
  const told = warnings.map(({ text, detail }) => (detail === "" ? text : `${text} (${detail})`));
  const place = /(?:essential:|executing command on|connection to the remote node) (?:\S+@)?(\S+:\d+)/.exec(
    error,
  )?.[1];
  const where = place === undefined ? (by ?? "a node") : nameOf(place);
  const unreached = [error, ...told]
    .map((text) =>
      /connection to the remote node (?:.+@)?(\S+:\d+) failed(?: with the following error: (.*))?/s.exec(
        text,
      ),
    )
    .find((match) => match !== null);
  if (unreached?.[1] !== undefined) {
    const cause = unreached[2]?.replace(/\s+/g, " ");
    const { what, remedy } = explainConnection(cause, "the coordinator", unreached[1], cluster);
    return { what: `${nameOf(unreached[1])}: ${what}`, remedy };
  }
  // The target of a move connects to its source, and says so in the words of libpq.
  const publisher = /connection to server at "([^"]+)"(?: \([^)]*\))?, port (\d+) failed: (.*)/s.exec(error);
  if (publisher !== null) {
    const [, host = "", port = "", cause] = publisher;
    const { what, remedy } = explainConnection(oneLine(cause), where, `${host}:${port}`, cluster);
    return { what: `${nameOf(`${host}:${port}`)}: ${what}`, remedy };
  }
  for (const text of [...told, error]) {
    for (const { pattern, remedy } of KNOWN) {
      const match = pattern.exec(text);
      if (match !== null)
        return { what: `${where}: ${oneLine(text)}`, remedy: remedy(match, where, cluster) };
    }
  }
  const setting = remedyForSetting([...told, error].join("; "));
  const words = told.length === 0 ? error : `${told.map(oneLine).join("; ")}; then ${error}`;
  return {
    what: words,
    remedy:
      setting ??
      `fix what the server reports; the log of ${place === undefined ? (by ?? "the coordinator") : where} may say more`,
  };
}

/** What to do about an error of which there are only the words. */
export function remedyForWords(error: string, cluster: KnownNodes, by?: string): Remedy {
  return explainNodeFailure({ error: oneLine(error), messages: [], cluster, by }).remedy;
}

/** The same of an error of the session's last statement, with the messages before it as lines. */
export function explainOnNodes(
  session: Session,
  cluster: NodeFailure["cluster"],
  error: unknown,
): Explained & { readonly detail: readonly string[] } {
  const messages = session.takeMessages();
  return {
    ...explainNodeFailure({ error: session.redact(oneLine(error)), messages, cluster }),
    detail: messages.map(({ severity, text, detail }) => `${severity}: ${oneLine(`${text} ${detail}`)}`),
  };
}

interface Known {
  readonly pattern: RegExp;
  readonly remedy: (match: RegExpExecArray, where: string, cluster: KnownNodes) => Remedy;
}

const KNOWN: readonly Known[] = [
  {
    pattern: /extension "([^"]*)" (?:is not available|has no (?:installation script nor )?update path)/,
    remedy: ([, name = ""], where) =>
      `give ${where} an image that has the extension ${name} in the version of the other nodes`,
  },
  {
    pattern: /could not (?:access|load) (?:file|library) "([^"]*)"/,
    remedy: ([, file = ""], where) =>
      `give ${where} an image that has the library ${file}, as the other nodes have`,
  },
  {
    pattern: /(language|tablespace|collation|text search \S+) "([^"]*)" (?:.* )?does not exist/,
    remedy: ([, kind = "", name = ""], where) =>
      `create the ${kind} ${name} on ${where} too, as the other nodes have it`,
  },
  {
    pattern: /role "([^"]*)" does not exist/,
    remedy: ([, role], where) =>
      `SET citus.enable_create_role_propagation = off; CREATE ROLE ${quoteName(role ?? "")} on ${where}, with what the role has on the coordinator`,
  },
  {
    pattern: /duplicate key .*"pg_dist_\w+"/,
    remedy: (_match, where) =>
      `${where} has an old copy of the metadata: SELECT start_metadata_sync_to_all_nodes() on the coordinator overwrites it`,
  },
  {
    pattern:
      /cannot change (?:return type of existing function|name of view column|data type of view column|name of input parameter)|already exists|cannot drop columns from view|"[^"]*" is not a (?:table|view)/,
    remedy: (_match, where) =>
      `something of this name is on ${where} already, and is not what the cluster has: drop or rename it there`,
  },
  {
    pattern: /not enough empty space on node/,
    remedy: () =>
      "make room on that server, or lower what Citus keeps free: ALTER SYSTEM SET " +
      "citus.desired_percent_disk_available_after_move and SELECT pg_reload_conf() on the coordinator",
  },
  {
    pattern: /No space left on device|could not (?:extend|write to) file/,
    remedy: (_match, where) => diskRemedy(`the disk of ${where}`),
  },
  {
    // Of too many other connections the server says it where explainConnection finds it.
    pattern: /number of requested standby connections exceeds/,
    remedy: (_match, where) =>
      `end what streams from ${where} but is no longer needed (pg_stat_replication there), or raise its max_wal_senders (a start-up setting)`,
  },
  {
    pattern: /loaded Citus library version differs|installed extension version/,
    remedy: (_match, where) => extensionRemedy(`on ${where}`),
  },
  {
    pattern: /canceling statement due to lock timeout|deadlock detected|distributed deadlock/,
    remedy: (_match, _where, cluster) =>
      advise`another transaction holds locks that it needs: let it end, or end it (${commandIn(cluster, "activity")} shows which are open)`,
  },
  {
    pattern: /all replication slots are in use|max_replication_slots/,
    remedy: (_match, where) =>
      `drop unused replication slots of ${where}, or raise its max_replication_slots`,
  },
  {
    // PostgreSQL 17 quotes the name.
    pattern: /logical decoding requires "?wal_level/,
    remedy: () => WAL_LEVEL_REMEDY,
  },
];

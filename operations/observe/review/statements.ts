import { isCoordinatorId } from "../../../model/contract/node-id";
import { formatBytes } from "../../base/bytes";
import { formatDuration } from "../../base/duration";
import { formatAmount } from "../../cluster/shards/amount";
import type { Foresight, ForeseenRemoval } from "../../cluster/moving/foresight";
import type { AttributeChange } from "./attribute-changes";
import type { Fate, NodeImpact } from "./impact";
import type { Review } from "./review";

/** From the stop of a container to a healthy server on the same data: 4 to 9 s were measured, without much to recover. */
const RESTART = "about 10 s";

const STATEMENTS: Readonly<Record<Exclude<Fate, "leaves" | "replaced" | "joins" | "unchanged">, string>> = {
  "data-lost": "is destroyed with its data; nothing is moved away first",
  emptied: "its volume is gone: it is recreated, empty",
  returns: "its container is gone: it is recreated on its data",
  starts: "is not running: it is started in place, and serves some seconds after the apply",
  updated: "is changed in place: nothing stops",
};

/** What happens to a node, in one line without its name. */
export function statementOf(
  { id, fate }: NodeImpact,
  { cluster, impact, live }: Omit<Review, "refusals">,
): string {
  const coordinator = isCoordinatorId(id);
  if (fate === "unchanged") return "nothing";
  if (fate === "joins") {
    if (coordinator) return "starts empty, as the coordinator";
    // Of a new cluster: there are no shards yet to be spread.
    if (impact.nodes.some((node) => isCoordinatorId(node.id) && node.fate === "joins"))
      return "starts empty and joins";
    return cluster.rebalance === "after-adding"
      ? "starts empty and joins; then shards of the others move to it, online"
      : "starts empty and joins; has no shards until a rebalance";
  }
  if (fate === "replaced") {
    const meanwhile = coordinator ? "nobody can connect meanwhile" : "its shards can't be reached meanwhile";
    return `is stopped, and started in a new container on its data: ${RESTART}, ${meanwhile}`;
  }
  if (fate === "leaves") {
    const waits =
      live.asked && live.foresight.mode === "block_writes"
        ? "writes to a shard wait while it is copied"
        : "a move blocks writes to a shard briefly";
    return `is emptied, removed from the cluster and destroyed; no query fails, ${waits}`;
  }
  return STATEMENTS[fate];
}

/** `max_connections 100 -> 300`; without values where they must not be shown. */
function changeText({ name, before, after }: AttributeChange): string {
  if (before === undefined && after === undefined) return name;
  return `${name} ${before ?? "unset"} -> ${after ?? "unset"}`;
}

/** What the running cluster says of a node that leaves or stops, a line each. */
function factsOf({ id }: NodeImpact, foresight: Foresight): string[] {
  const removal = foresight.leaving.find((each) => each.id === id);
  const sessions = foresight.sessions.get(id) ?? 0;
  return [
    ...(removal === undefined ? [] : [movesText(removal)]),
    ...(sessions === 0 ? [] : [`${count(sessions, "client session")} on it end${sessions === 1 ? "s" : ""}`]),
  ];
}

/** `64 shards with 1.2 GB move, 32 to a/w1, 32 to b/w1: about 2 min` */
function movesText({ registered, shards, bytes, to, seconds, complete }: ForeseenRemoval): string {
  if (!registered) return "it is not registered: nothing to move";
  if (shards === 0) return "it holds no shards: nothing to move";
  const where = to.map((each) => `${each.shards} to ${each.node}`).join(", ");
  const amount = `${formatAmount({ shards, bytes })} move`;
  const time = `${complete ? "about" : "at least"} ${formatDuration(Math.max(seconds, 1))}`;
  return `${amount}${where === "" ? "" : `, ${where}`}: ${time}${complete ? "" : ", and what the copying takes"}`;
}

function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}

/** Nodes to which the same happens, for the same reason. */
export interface Alike {
  readonly ids: readonly string[];
  readonly fate: Fate;
  readonly statement: string;
  /** Why; empty where the statement says it all. */
  readonly because: readonly string[];
  /** What the running cluster says of them, each a sentence. */
  readonly facts: readonly string[];
}

/** What happens, each once with all of its nodes; nodes that stay as they are left out. */
export function alike(review: Review): Alike[] {
  const { impact, live } = review;
  const groups = new Map<string, Alike>();
  for (const node of impact.nodes.filter(({ fate }) => fate !== "unchanged")) {
    const statement = statementOf(node, review);
    // Of a node that joins or leaves everything changes.
    const because = node.fate === "replaced" || node.fate === "updated" ? node.changes.map(changeText) : [];
    const facts = live.asked ? factsOf(node, live.foresight) : [];
    const key = JSON.stringify([statement, because, facts]);
    const ids = [...(groups.get(key)?.ids ?? []), node.id];
    groups.set(key, { ids, fate: node.fate, statement, because, facts });
  }
  return [...groups.values()];
}

/** Why the running cluster said nothing. */
export function unasked({ live }: Pick<Review, "live">): string[] {
  return live.asked ? [] : [`the cluster was not queried: ${live.because}`];
}

/** What the running cluster says of the change as a whole, a line each; or why it wasn't asked. */
export function clusterFacts({ live, impact }: Review): string[] {
  if (!live.asked) return unasked({ live });
  const { room, moving } = live.foresight;
  const stops = impact.nodes.some(({ fate }) => fate === "replaced" || fate === "leaves");
  return [
    ...(stops
      ? moving.map((each) => `shards are being moved now, and a node that stops would end that: ${each}`)
      : []),
    ...room.map(
      ({ server, before, after }) =>
        `room for shards on ${server}: ${formatBytes(Math.max(before, 0))}, ${formatBytes(Math.max(after, 0))} after it`,
    ),
  ];
}

/** One line over all nodes: `1 leaves, 3 are replaced (the coordinator among them), 2 unchanged`. */
export function summaryOf(nodes: readonly NodeImpact[]): string {
  const parts = Object.entries(COUNTS).flatMap(([fate, words]) => {
    const those = nodes.filter((node) => node.fate === fate);
    if (those.length === 0) return [];
    const count = `${those.length} ${those.length === 1 ? words[0] : words[1]}`;
    if (fate === "unchanged" || fate === "updated" || !those.some(({ id }) => isCoordinatorId(id)))
      return [count];
    return [`${count} (the coordinator${those.length === 1 ? "" : " among them"})`];
  });
  return parts.join(", ");
}

const COUNTS: Readonly<Record<Fate, readonly [string, string]>> = {
  "data-lost": ["loses its data", "lose their data"],
  emptied: ["is recreated empty", "are recreated empty"],
  leaves: ["leaves", "leave"],
  replaced: ["is replaced", "are replaced"],
  returns: ["is recreated on its data", "are recreated on their data"],
  starts: ["is started", "are started"],
  updated: ["is changed in place", "are changed in place"],
  joins: ["joins", "join"],
  unchanged: ["unchanged", "unchanged"],
};

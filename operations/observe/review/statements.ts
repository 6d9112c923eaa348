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

/** What a sentence about one node has otherwise than one about several. */
interface Words {
  readonly is: string;
  readonly it: string;
  readonly its: string;
  /** Endings: of a verb, and of a noun. */
  readonly verb: string;
  readonly noun: string;
}

const ONE: Words = { is: "is", it: "it", its: "its", verb: "s", noun: "" };
const SEVERAL: Words = { is: "are", it: "they", its: "their", verb: "", noun: "s" };

const STATEMENTS: Readonly<Record<Exclude<Fate, "leaves" | "replaced" | "joins">, (words: Words) => string>> =
  {
    "data-lost": ({ is, its }) => `${is} destroyed with ${its} data; nothing is moved away first`,
    emptied: ({ is, it, its, noun }) => `${its} volume${noun} ${is} gone: ${it} ${is} recreated, empty`,
    returns: ({ is, it, its, noun }) =>
      `${its} container${noun} ${is} gone: ${it} ${is} recreated on ${its} data`,
    starts: ({ is, it, verb }) =>
      `${is} not running: ${it} ${is} started in place, and serve${verb} some seconds after the apply`,
    updated: ({ is }) => `${is} changed in place: nothing stops`,
    unchanged: () => "nothing",
  };

/**
 * What happens to a node, in one line without its name.
 *
 * @param words of a line that is about several nodes
 */
export function statementOf(node: NodeImpact, review: Review, words: Words = ONE): string {
  const { id, fate } = node;
  if (fate === "joins") return joinsText(id, review, words);
  if (fate === "leaves") return leavesText(id, review, words);
  if (fate !== "replaced") return STATEMENTS[fate](words);
  const { is, its } = words;
  const container = words === ONE ? "a new container" : "new containers";
  const meanwhile = isCoordinatorId(id)
    ? "nobody can connect meanwhile"
    : `${its} shards can't be reached meanwhile`;
  return `${is} stopped, and started in ${container} on ${its} data: ${RESTART}, ${meanwhile}`;
}

function joinsText(id: string, { cluster, impact, live }: Review, { is, it, verb }: Words): string {
  const coordinator = isCoordinatorId(id);
  const them = it === "it" ? it : "them";
  if (live.lacking?.nodes.includes(id) === true)
    return `${is} running already, but ${is} not in the state: an apply fails where ${it === "it" ? "its name is" : "their names are"} taken`;
  if (coordinator) return "starts empty, as the coordinator";
  const joins = `start${verb} empty and join${verb}`;
  // Of a new cluster: there are no shards yet to be spread.
  if (impact.nodes.some((node) => isCoordinatorId(node.id) && node.fate === "joins")) return joins;
  if (cluster.rebalance === "after-adding")
    return `${joins}; then shards of the others move to ${them}, online`;
  return `${joins}; ${verb === "" ? "have" : "has"} no shards until a rebalance`;
}

function leavesText(id: string, { impact, live, refusals }: Review, { is, it, verb }: Words): string {
  const goes = `${is} emptied, removed from the cluster and destroyed`;
  const foreseen = live.asked ? live.foresight.leaving.find((each) => each.id === id) : undefined;
  if (foreseen?.refused === true)
    return `stay${verb} as ${it} ${is} until what is refused is fixed; then ${it} ${goes}`;
  const waits =
    live.asked && live.foresight.mode === "block_writes"
      ? "writes to a shard wait while it is copied"
      : "a move blocks writes to a shard briefly";
  const isQuiet = refusals.length === 0 && impact.nodes.every(({ fate }) => QUIET.has(fate));
  return `${goes}; ${isQuiet ? "no query fails, " : ""}${waits}`;
}

/** By which no query fails: no node stops, nor is one down. */
const QUIET: ReadonlySet<Fate> = new Set(["leaves", "joins", "updated", "unchanged"]);

/** `max_connections 100 -> 300`; without values where they must not be shown. */
function changeText({ name, before, after }: AttributeChange): string {
  if (before === undefined && after === undefined) return name;
  return `${name} ${before ?? "unset"} -> ${after ?? "unset"}`;
}

/** What the running cluster says of a node that leaves or stops, a line each. */
function factsOf({ id }: NodeImpact, foresight: Foresight, words: Words): string[] {
  const removal = foresight.leaving.find((each) => each.id === id);
  const sessions = foresight.sessions.get(id) ?? 0;
  return [
    ...(removal === undefined ? [] : [movesText(removal, words)]),
    ...(sessions === 0
      ? []
      : [
          `${count(sessions, "client session")} on ${words === ONE ? "it" : "each"} end${sessions === 1 ? "s" : ""}`,
        ]),
  ];
}

/** `64 shards with 1.2 GB move, 32 to a/w1, 32 to b/w1: about 2 min` */
function movesText(removal: ForeseenRemoval, words: Words): string {
  const { registered, refused, shards, bytes, to } = removal;
  const { is, it, verb } = words;
  if (!registered) return `${it} ${is} not registered: nothing to move`;
  if (shards === 0) return `${it} hold${verb} no shards: nothing to move`;
  const where = to.map((each) => `, ${each.shards} to ${each.node}`).join("");
  const amount = `${formatAmount({ shards, bytes })}${words === ONE ? "" : " of each"}`;
  return `${amount} ${refused ? "would move" : "move"}${where}: ${timeText(removal)}`;
}

/** `about 2 min`, `at least 30 s, and what the copying takes` */
function timeText({ seconds, complete }: Pick<ForeseenRemoval, "seconds" | "complete">): string {
  const time = `${complete ? "about" : "at least"} ${formatDuration(Math.max(seconds, 1))}`;
  return `${time}${complete ? "" : ", and what the copying takes"}`;
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
  const groups = new Map<string, NodeImpact[]>();
  const text = (node: NodeImpact, words: Words) => ({
    statement: statementOf(node, review, words),
    // Of a node that joins or leaves everything changes.
    because: node.fate === "replaced" || node.fate === "updated" ? node.changes.map(changeText) : [],
    facts: live.asked ? factsOf(node, live.foresight, words) : [],
  });
  for (const node of impact.nodes.filter(({ fate }) => fate !== "unchanged")) {
    const key = JSON.stringify(text(node, ONE));
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return [...groups.values()].flatMap((nodes) =>
    nodes.slice(0, 1).map((first) => ({
      ids: nodes.map(({ id }) => id),
      fate: first.fate,
      ...text(first, nodes.length === 1 ? ONE : SEVERAL),
    })),
  );
}

/** Why the running cluster said nothing. */
export function unasked({ live }: Pick<Review, "live">): string[] {
  return live.asked ? [] : [`the cluster was not queried: ${live.because}`];
}

/** What the running cluster says of the change as a whole, a line each; or why it wasn't asked. */
export function clusterFacts({ live, impact }: Review): string[] {
  if (!live.asked) return unasked({ live });
  const { room, moving, leaving } = live.foresight;
  const stops = impact.nodes.some(({ fate }) => fate === "replaced" || fate === "leaves");
  return [
    ...(stops
      ? moving.map((each) => `shards are being moved now, and a node that stops would end that: ${each}`)
      : []),
    ...inTurnText(leaving),
    ...room.map(
      ({ server, before, after }) =>
        `room for shards on ${server}: ${formatBytes(Math.max(before, 0))}, ${formatBytes(Math.max(after, 0))} after it`,
    ),
  ];
}

/** Each waits for the one before it, however many Terraform begins with. */
function inTurnText(leaving: readonly ForeseenRemoval[]): string[] {
  const moving = leaving.filter(({ shards, refused }) => shards > 0 && !refused);
  if (moving.length < 2) return [];
  const seconds = moving.reduce((sum, each) => sum + each.seconds, 0);
  const time = timeText({ seconds, complete: moving.every(({ complete }) => complete) });
  return [`the ${moving.length} workers are emptied one after the other: ${time} in all`];
}

/** One line over all nodes: `1 leaves, 3 are replaced (the coordinator among them), 2 unchanged`. */
export function summaryOf({ impact: { nodes }, live }: Pick<Review, "impact" | "live">): string {
  const lacking = nodes.filter(({ id }) => live.lacking?.nodes.includes(id) === true);
  const others = nodes.filter((node) => !lacking.includes(node));
  const parts = Object.entries(COUNTS).flatMap(([fate, words]) => {
    const those = others.filter((node) => node.fate === fate);
    if (fate === "unchanged" || fate === "updated")
      return those.length === 0 ? [] : [countText(those, words)];
    return countWithCoordinator(those, words);
  });
  return [...countWithCoordinator(lacking, ["is running already", "are running already"]), ...parts].join(
    ", ",
  );
}

function countText({ length }: readonly NodeImpact[], [one, several]: readonly [string, string]): string {
  return `${length} ${length === 1 ? one : several}`;
}

function countWithCoordinator(those: readonly NodeImpact[], words: readonly [string, string]): string[] {
  if (those.length === 0) return [];
  const among = those.length === 1 ? "" : " among them";
  return [
    `${countText(those, words)}${those.some(({ id }) => isCoordinatorId(id)) ? ` (the coordinator${among})` : ""}`,
  ];
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

import { shorten } from "../../../base/columns";
import { describeBlocker, sqlToEnd } from "../../../cluster/waits/describe-wait";
import { parseActivity } from "../../../cluster/waits/activity-of-node";
import { formatDuration } from "../../../base/duration";
import { type Check, ofEachNode, placeOf } from "../check";
import type { Fault } from "../../../base/finding";
import { lockWaits } from "../../../cluster/waits/lock-waits";
import type { LongTransaction } from "../../../cluster/nodes/node-state";
import type { Snapshot, SnapshotNode } from "../snapshot";
import { advise, commandIn } from "../../../base/remedy";

/** In seconds: from then on it is worth a warning. */
const IDLE = 300;
const RUNNING = 3600;

/** Transactions that are open for long hold locks, and keep VACUUM from cleaning. */
export const transactions: Check = ofEachNode((node, snapshot) =>
  (node.state?.long ?? [])
    .filter(({ state, age }) => age >= (isIdle(state) ? IDLE : RUNNING))
    .map((transaction): Fault => {
      const { pid, user, application, state, age, query } = transaction;
      const who = application === "" ? user : `${user}, ${application}`;
      const text = shorten(query.replace(/\s+/g, " ").trim(), 60);
      const found = { check: "long-transaction", node: node.label };
      if (isOfMove(transaction, node, snapshot)) {
        return {
          ...found,
          // A large shard takes long, and whoever ends any of its sessions ends the move.
          severity: "advice",
          what: `process ${pid} (${who}) is part of a running move of shards, for ${formatDuration(age)}: ${text}`,
          remedy:
            "wait for it; `SELECT * FROM get_rebalance_progress()` on the coordinator shows how far it is",
        };
      }
      const shown = commandIn(placeOf(snapshot), "activity");
      return {
        ...found,
        severity: "warning",
        what: `process ${pid} (${who}) is ${state} for ${formatDuration(age)}: ${text}`,
        remedy: isOurs(transaction)
          ? advise`wait for this run of pg-dist, or interrupt it where it runs (Ctrl-C); ${shown} shows it`
          : advise`${shown}; SELECT pg_terminate_backend(${pid}) there ends it`,
      };
    }),
);

function isIdle(state: string): boolean {
  return state.startsWith("idle in transaction");
}

/** By the name that our sessions give themselves (connect.ts). */
function isOurs({ application }: LongTransaction): boolean {
  return application.startsWith("pg-dist ");
}

/** One that carries a move out on the coordinator, or one that it has opened on a node for that: to copy, or to keep locks. */
function isOfMove(
  { pid, state, application }: LongTransaction,
  { role }: SnapshotNode,
  { movers, nodes }: Snapshot,
): boolean {
  if (role === "coordinator" && movers.includes(pid)) return !isIdle(state);
  const coordinator = nodes.find((node) => node.role === "coordinator")?.registered;
  const gpid = / gpid=(\d+)$/.exec(application)?.[1];
  if (coordinator === undefined || gpid === undefined) return false;
  return movers.some((mover) => Number(gpid) === coordinator.nodeid * GPID_NODE + mover);
}

/** From so many seconds on a wait of a move is worth a warning: a lock is mostly over sooner. */
const WAITS = 30;

/** Moves that wait for somebody's transaction: they go on by themselves only when it ends. */
export const blockedMoves: Check = ({ nodes, movers }) => {
  const coordinator = nodes.find((node) => node.role === "coordinator")?.registered;
  if (coordinator === undefined) return [];
  const gpids = movers.map((mover) => coordinator.nodeid * GPID_NODE + mover);
  const activity = nodes.flatMap(({ label, state }) => parseActivity(label, state?.waits ?? []));
  return lockWaits(activity)
    .filter(({ waiting, waited }) => gpids.includes(waiting.gpid) && waited >= WAITS)
    .map((wait): Fault => {
      const node = nodes.find(({ label }) => label === wait.blocking.node);
      const end = sqlToEnd(wait.blocking, node?.role === "coordinator" ? undefined : node?.endpoint);
      return {
        severity: "warning",
        check: "blocked-move",
        node: wait.node,
        what: `a move of shards has waited ${formatDuration(wait.waited)} for ${describeBlocker(wait)}`,
        remedy: `let it end, or end it in SQL ${end}`,
      };
    });
};

/** A global pid of Citus is the id of the node where a statement began, times this, plus its process there. */
const GPID_NODE = 10_000_000_000;

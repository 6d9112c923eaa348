import { formatBytes } from "../../base/bytes";
import { formatEndpoint } from "../../../model/cluster";
import { formatDuration } from "../../base/duration";
import type { Fault } from "../../base/finding";
import { problems } from "../../cli/findings";
import type { Snapshot, SnapshotNode } from "../../observe/status/snapshot";
import type { Paint } from "../../cli/output";
import { type Column, renderTable } from "../../cli/table";

const COLUMNS: readonly Column[] = [
  { header: "node" },
  { header: "role", yields: 4 },
  { header: "nodeid", align: "right", yields: 3 },
  { header: "endpoint", yields: 8 },
  { header: "server", yields: 1 },
  { header: "active" },
  { header: "in sync", yields: 9 },
  { header: "Citus", yields: 7 },
  { header: "extension", yields: 2 },
  { header: "PostgreSQL", yields: 6 },
  { header: "up", align: "right", yields: 5 },
  { header: "connections", align: "right", yields: 10 },
  { header: "shards", align: "right" },
  { header: "size", align: "right", yields: 11 },
  { header: "disk free", align: "right", yields: 12 },
];

/** One screen: what the cluster is, its nodes, and what is wrong, worst first. */
export function statusScreen(
  snapshot: Snapshot,
  findings: readonly Fault[],
  paint: Paint,
  width: number,
): string[] {
  const rows = snapshot.nodes.map((node) => nodeRow(node, snapshot, paint));
  return [
    ...header(snapshot, paint),
    "",
    ...renderTable(COLUMNS, rows, width, (text) => paint("bold", text)),
    "",
    ...problems(findings, paint),
  ];
}

function header({ label, cluster, nodes, transport, standIn, at }: Snapshot, paint: Paint): string[] {
  const state = nodes.find(({ role }) => role === "coordinator")?.state;
  const versions = state === undefined ? "" : `Citus ${state.citus}, PostgreSQL ${state.postgres}`;
  const workers = nodes.filter(({ role }) => role === "worker").length;
  const what = [
    ...(cluster === undefined ? [] : [`cluster ${cluster}`]),
    `${workers} worker${workers === 1 ? "" : "s"}`,
    versions,
  ];
  return [
    `${paint("bold", label)}  ${what.join(", ")}`,
    paint("dim", `by ${transport}, at ${at.toISOString().slice(0, 19).replace("T", " ")} UTC`),
    ...(standIn ? [paint("yellow", "This is the stand-in image, which only imitates Citus.")] : []),
  ];
}

function nodeRow(node: SnapshotNode, { nodes }: Snapshot, paint: Paint): string[] {
  const { label, role, endpoint, host, registered, state, shards } = node;
  const coordinator = nodes.find((each) => each.role === "coordinator")?.state;
  /** Marked where it isn't the coordinator's. */
  const version = (own: string | undefined, its: string | undefined) =>
    own === undefined ? "-" : own === its ? own : paint("yellow", `${own} !`);
  return [
    label,
    role,
    registered === undefined ? "-" : String(registered.nodeid),
    formatEndpoint(endpoint),
    host ?? "-",
    activity(node, paint),
    syncState(node, paint),
    version(state?.citus, coordinator?.citus),
    version(state?.extension, coordinator?.extension),
    version(state?.postgres, coordinator?.postgres),
    state === undefined ? "-" : formatDuration(state.uptime),
    state === undefined ? "-" : `${state.connections.used}/${state.connections.max}`,
    registered === undefined ? "-" : String(shards),
    state === undefined ? "-" : formatBytes(state.bytes),
    state === undefined ? "-" : `${state.disk.forRoot ? "≤ " : ""}${formatBytes(state.disk.available)}`,
  ];
}

/** The worst that can be said in a word. */
function activity({ registered, recorded, state, failed }: SnapshotNode, paint: Paint): string {
  if (registered === undefined) return paint("yellow", "unregistered");
  if (failed !== undefined) return paint("red", "no answer");
  if (!registered.isactive) return paint("red", "no");
  if (state?.in_recovery === true) return paint("red", "standby");
  if (recorded?.leaving) return paint("yellow", "leaving");
  return paint("green", "yes");
}

function syncState({ registered, role }: SnapshotNode, paint: Paint): string {
  if (registered === undefined) return "-";
  if (role === "coordinator") return paint("green", "yes");
  if (!registered.hasmetadata) return paint("yellow", "none");
  return registered.metadatasynced ? paint("green", "yes") : paint("yellow", "no");
}

import type { Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import { formatEndpoint } from "../../../model/cluster";
import { EXIT, type ExitCode } from "../../base/failure";
import { type Fault, isHealthy } from "../../base/finding";
import { judgeNodes } from "../../observe/status/judge";
import { type Snapshot, type SnapshotNode, takeSnapshot } from "../../observe/status/snapshot";
import { type Paint, printJson, printLines, terminalWidth } from "../../cli/output";
import { type Output, addReadCommand } from "../../cli/read-command";
import { describeNode, describeTarget } from "../../observe/status/json";
import { describeProblems } from "../../cli/findings";
import { problems } from "../../cli/findings";
import { type Column, renderTable } from "../../cli/table";
import type { Connected } from "../../cluster/connection/target";

const HELP = `
What Citus has registered (pg_dist_node), what pg-dist recorded, and what the environment declares, side by
side: with node and group ids, as SQL on the cluster needs them. Exit code 3 where they differ.

Example:
  npx pg-dist nodes production`;

const COLUMNS: readonly Column[] = [
  { header: "node" },
  { header: "role", yields: 5 },
  { header: "nodeid", align: "right" },
  { header: "group", align: "right" },
  { header: "endpoint", yields: 7 },
  { header: "active" },
  { header: "in sync" },
  { header: "takes shards" },
  { header: "declared", yields: 4 },
  { header: "recorded", yields: 3 },
  { header: "image", yields: 1 },
  { header: "server id", yields: 2 },
];

/** `pg-dist nodes ENV`. */
export function addNodes(program: Command, caller: Caller): void {
  addReadCommand(program, caller, {
    name: "nodes",
    description: "The nodes as Citus, the record and the environment know them.",
    help: HELP,
    run: showNodes,
  });
}

async function showNodes(target: Connected, _flags: object, { json, paint }: Output): Promise<ExitCode> {
  const snapshot = await takeSnapshot(target);
  const findings = judgeNodes(snapshot);
  if (json) {
    const nodes = snapshot.nodes.map((node) => ({
      ...describeNode(node),
      recorded: describeRecorded(node),
    }));
    printJson("nodes", { ...describeTarget(snapshot), nodes, problems: describeProblems(findings) });
  } else printLines(nodesScreen(snapshot, findings, paint, terminalWidth()));
  return isHealthy(findings) ? EXIT.ok : EXIT.unhealthy;
}

export function nodesScreen(
  { nodes }: Pick<Snapshot, "nodes">,
  findings: readonly Fault[],
  paint: Paint,
  width: number,
): string[] {
  return [
    ...renderTable(COLUMNS, nodes.map(nodeRow), width, (header) => paint("bold", header)),
    ...(findings.length === 0 ? [] : ["", ...problems(findings, paint)]),
  ];
}

function describeRecorded({ recorded }: SnapshotNode): object | null {
  if (recorded === undefined) return null;
  const { id, image, server_id, recorded_at } = recorded;
  return { node: id, image, serverId: server_id, at: recorded_at.toISOString() };
}

function nodeRow({ label, role, endpoint, registered, recorded, declared, state }: SnapshotNode): string[] {
  const yes = (value: boolean | undefined) => (value === undefined ? "-" : value ? "yes" : "no");
  return [
    label,
    role,
    String(registered?.nodeid ?? "-"),
    String(registered?.groupid ?? "-"),
    formatEndpoint(endpoint),
    yes(registered?.isactive),
    yes(registered?.metadatasynced),
    recorded?.leaving ? "leaving" : yes(registered?.shouldhaveshards),
    yes(declared),
    recorded === undefined ? "no" : recorded.recorded_at.toISOString().slice(0, 10),
    recorded?.image || "-",
    state?.server_id ?? recorded?.server_id ?? "-",
  ];
}

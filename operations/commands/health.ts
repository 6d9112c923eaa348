import type { Command } from "commander";
import { EXIT, type ExitCode } from "../failure";
import { type Health, checkHealth } from "../status/health";
import type { Finding } from "../status/finding";
import { type Paint, printJson, printLines, terminalWidth } from "./output";
import { type Output, addReadCommand } from "./read-command";
import { problems } from "./status-screen";
import { renderTable } from "./table";
import type { Connected } from "./target";

const HELP = `
Every node connects to every node, itself included, by the addresses that Citus has registered; for each pair
that fails it says why. Exit code 3 when one does.

Example:
  npx pg-dist health production`;

/** `pg-dist health ENV`. */
export function addHealth(program: Command): void {
  addReadCommand(program, {
    name: "health",
    description: "Whether every node reaches every node, and why where it doesn't.",
    help: HELP,
    run: showHealth,
  });
}

async function showHealth(target: Connected, _flags: object, { json, paint }: Output): Promise<ExitCode> {
  const health = await checkHealth(target);
  const healthy = health.pairs.every((pair) => pair.healthy === true) && health.broken.length === 0;
  if (json) printJson("health", { healthy, ...health });
  else printLines(healthScreen(health, paint, terminalWidth()));
  return healthy ? EXIT.ok : EXIT.unhealthy;
}

/** The matrix, and below it the causes. */
export function healthScreen(
  { nodes, pairs, broken, inactive }: Health,
  paint: Paint,
  width: number,
): string[] {
  const mark = (healthy: boolean | null | undefined) =>
    healthy === true ? paint("green", "ok") : healthy === false ? paint("red", "FAIL") : paint("yellow", "?");
  const findings = broken.map(({ node, from, what, remedy }): Finding => ({
    severity: "broken",
    check: "reachability",
    node,
    what: from.length > 1 ? `not reached by ${from.length} nodes: ${what}` : what,
    remedy,
  }));
  const columns = [
    { header: "" },
    { header: "from \\ to" },
    ...nodes.map((_, index) => ({ header: String(index + 1) })),
  ];
  const rows = nodes.map(({ label }, index) => [
    String(index + 1),
    label,
    ...nodes.map(({ label: to }) =>
      mark(pairs.find((pair) => pair.from === label && pair.to === to)?.healthy),
    ),
  ]);
  const good = pairs.filter(({ healthy }) => healthy === true).length;
  return [
    ...renderTable(columns, rows, width, (header) => paint("bold", header)),
    "",
    `${good} of ${pairs.length} pairs healthy`,
    ...(inactive.length === 0 ? [] : [`not active, and left out: ${inactive.join(", ")}`]),
    ...problems(findings, paint),
  ];
}

import type { Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import { EXIT, type ExitCode } from "../../base/failure";
import { type Health, checkHealth } from "../../observe/health/health";
import type { Fault } from "../../base/finding";
import { type Paint, printJson, printLines, terminalWidth } from "../../cli/output";
import { type Output, addReadCommand } from "../../cli/read-command";
import { reachTable } from "./reach-table";
import { problems } from "../../cli/findings";
import type { Connected } from "../../cluster/connection/target";

const HELP = `
Every node connects to every node, itself included, by the addresses that Citus has registered; for each pair
that fails it says why. Exit code 3 when one does.

A connection that isn't there within a tenth of --timeout (less where several are silent) is tried once more, and may
then take up to three tenths. A pair that is reached only then is healthy, and named with the time that it took.

Example:
  npx pg-dist health production`;

/** `pg-dist health ENV`. */
export function addHealth(program: Command, caller: Caller): void {
  addReadCommand(program, caller, {
    name: "health",
    description: "Whether every node reaches every node, and why not where it doesn't.",
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

/** Who reaches whom, and below it the causes. */
export function healthScreen(health: Health, paint: Paint, width: number): string[] {
  const { pairs, broken, slow, inactive } = health;
  const findings = broken.map(({ node, from, what, remedy }): Fault => ({
    severity: "broken",
    check: "reachability",
    node,
    what: from.length > 1 ? `not reached by ${from.length} nodes: ${what}` : what,
    remedy,
  }));
  // The link works: Citus' own limit is 30 s.
  const late = slow.map(({ node, what, remedy }): Fault => ({
    severity: "advice",
    check: "reachability",
    node,
    what,
    remedy,
  }));
  const good = pairs.filter(({ healthy }) => healthy === true).length;
  return [
    ...reachTable(health, paint, width),
    "",
    `${good} of ${pairs.length} pairs healthy`,
    ...(inactive.length === 0 ? [] : [`not active, and left out: ${inactive.join(", ")}`]),
    ...problems([...findings, ...late], paint),
  ];
}

import type { Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import { type Cluster, describeCluster } from "../../../model/cluster";
import { findProblems } from "../../../model/validation/validation";
import { createPaint, printJson, printLines } from "../../cli/output";
import { orJsonFailure } from "../../cli/read-command";
import { TWIN_REMEDY, findTarget, withPassword, timeoutOption } from "../../cli/target";
import { EXIT } from "../../base/failure";
import { findProject, findSameCluster, readEnvironment } from "../../terraform/project";
import { examine } from "../../observe/doctor/examine";
import { type Finding, failed, ok } from "../../observe/doctor/finding";
import { reportFindings } from "./report";
import { inspectCluster } from "../../observe/doctor/inspect-cluster";
import { describeFindings } from "./json";

const HELP = `
From outside in, all Docker hosts at once: the environment's file, ssh and the Docker engine, its version,
architecture, clock, disk, image and network, each node's container, health, memory and port; then from inside
every container: the server, the Citus extension, settings, the stored password, who it is, names, and a
connection to every other node. Last, what the coordinator has registered. It changes nothing, and says what
it can also while the coordinator is down. A host that doesn't answer within --timeout is named.

Exit codes: 0 nothing failed, 3 something did (warnings alone are 0).

Examples:
  npx pg-dist doctor production            every check, with what it saw
  npx pg-dist doctor production --quiet    only what is wrong, with what to do
  npx pg-dist doctor production --json     for a script (schemas/doctor.json)`;

interface Flags {
  readonly quiet?: true;
  readonly json?: true;
  readonly timeout?: number;
}

/** How long one Docker host may take in all: for as many nodes on it, and how much longer for each that is more. In seconds. */
const HOST = { seconds: 10, nodes: 4, secondsPerNode: 1 };

/** `pg-dist doctor ENV`. */
export function addDoctor(program: Command, caller: Caller): void {
  program
    .command("doctor")
    .argument("<environment>", "name of a file in environments/, without .ts")
    .description(
      "Find out why a cluster doesn't work: every check from ssh to the connections between nodes.",
    )
    .option("-q, --quiet", "leave out what is in order")
    .option("--json", "all checks as JSON, version 1")
    .addOption(
      timeoutOption(
        `how long one Docker host may take in all (default: ${HOST.seconds}, and ${HOST.secondsPerNode} more for each node above ` +
          `${HOST.nodes} of the fullest host)`,
        null,
      ),
    )
    .addHelpText("after", HELP)
    .action(async (environment: string, flags: Flags) => {
      const paint = createPaint(program.opts<{ color: boolean }>().color, caller);
      process.exitCode = await orJsonFailure("doctor", flags.json === true, caller, async () => {
        const findings = await diagnose(environment, flags.timeout, caller);
        const described = describeFindings(findings, environment);
        if (flags.json === true)
          printJson("doctor", { environment, healthy: isHealthy(findings), findings: described });
        else printLines(reportFindings(described, paint, flags.quiet === true));
        return isHealthy(findings) ? EXIT.ok : EXIT.unhealthy;
      });
    });
}

function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity !== "broken");
}

/** A healthy cluster of any size is looked at whole in it: that costs a host the same for each of its nodes. */
function timeoutFor({ hosts, nodes }: Cluster): number {
  const fullest = Math.max(...hosts.map(({ id }) => nodes.filter(({ host }) => host === id).length));
  return HOST.seconds + Math.max(fullest - HOST.nodes, 0) * HOST.secondsPerNode;
}

async function diagnose(name: string, given: number | undefined, caller: Caller): Promise<Finding[]> {
  const project = findProject();
  const { environment, file } = readEnvironment(project, name);
  const place = { check: "configuration", where: name };
  const problems = findProblems(environment).map(({ field, problem }) =>
    failed(place, `${field}: ${problem}`, `correct ${file}`),
  );
  // Nothing else can be relied on, not even where the hosts are.
  if (problems.length > 0) return problems;
  const cluster = describeCluster(environment);
  const timeout = given ?? timeoutFor(cluster);
  const target = await withPassword({ ...findTarget(name, { timeout }, caller), environment, cluster });
  const inspection = await inspectCluster(target);
  const twins = findSameCluster(project, environment).map((twin) => failed(place, twin, TWIN_REMEDY));
  const { hosts, nodes } = cluster;
  const size = `${hosts.length} Docker host${hosts.length === 1 ? "" : "s"}, ${nodes.length} node${nodes.length === 1 ? "" : "s"}`;
  return [ok(place, `${file} has no problem: ${size}`), ...twins, ...examine(inspection)];
}

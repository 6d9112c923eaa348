import { once } from "node:events";
import { type Command, InvalidArgumentError } from "commander";
import type { ClusterNode } from "../../environments/cluster";
import { describeCluster } from "../../environments/cluster";
import { findNode } from "../commands/find-node";
import { hostOf } from "../cluster-file";
import { DockerHost } from "../docker-host";
import { EXIT, type ExitCode, Failure } from "../failure";
import { findProject, loadEnvironment } from "../project";
import { filterLines } from "./filter-lines";

const HELP = `
NODE is an id (server-d/worker1), the name of its container, or its short name where only one node has it.
PostgreSQL writes its log to standard error, and so does this; a first start writes to standard output too.

Examples:
  npx pg-dist logs production server-b/worker1 --since 1h
  npx pg-dist logs production coordinator --follow --grep 'ERROR|FATAL'`;

interface Flags {
  readonly follow?: true;
  readonly since?: string;
  readonly grep?: RegExp;
}

/** `pg-dist logs ENV NODE`. */
export function addLogs(program: Command): void {
  program
    .command("logs")
    .argument("<environment>", "name of a file in environments/, without .ts")
    .argument("<node>", "which node")
    .description("Show a node's log, through the Docker engine of its server.")
    .option("-f, --follow", "go on as it is written, until Ctrl-C")
    .option("--since <time>", "from then on: 10m, 2h, 2026-05-01T10:00:00", parseSince)
    .option("--grep <pattern>", "only lines that match this regular expression (JavaScript's)", parsePattern)
    .addHelpText("after", HELP)
    .action(async (environment: string, name: string, flags: Flags) => {
      const cluster = describeCluster(loadEnvironment(findProject(), environment));
      const node = findNode(cluster, name);
      const docker = new DockerHost(hostOf(cluster, node));
      try {
        process.exitCode = await showLog(docker, node, flags, environment);
      } finally {
        docker.close();
      }
    });
}

/** As `docker logs` takes it; what it doesn't understand it would only refuse on the server. */
function parseSince(text: string): string {
  const duration = /^(\d+(\.\d+)?(h|m|s|ms))+$/.test(text);
  const time = /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text));
  if (duration || time || /^\d{9,}(\.\d+)?$/.test(text)) return text;
  throw new InvalidArgumentError(
    "It is a duration such as 10m or 2h, or a time such as 2026-05-01T10:00:00.",
  );
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

async function showLog(
  docker: DockerHost,
  node: ClusterNode,
  flags: Flags,
  environment: string,
): Promise<ExitCode> {
  const args = [
    "logs",
    ...(flags.follow === true ? ["--follow"] : []),
    ...(flags.since === undefined ? [] : ["--since", flags.since]),
    node.container,
  ];
  const child = docker.follow(args);
  let interrupted = false;
  const stop = () => {
    interrupted = true;
    child.kill();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  // A reader that has enough, such as head, ends it too.
  process.stdout.once("error", stop);
  let last = "";
  child.stderr?.on("data", (chunk: Buffer) => (last = (last + chunk.toString()).slice(-2000)));
  child.stdout?.pipe(filterLines(flags.grep)).pipe(process.stdout, { end: false });
  child.stderr?.pipe(filterLines(flags.grep)).pipe(process.stderr, { end: false });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    if (code === 0 || interrupted) return EXIT.ok;
    throw new Failure(
      `${node.id}: docker logs ended with ${code ?? "a signal"}: ${last.trim().split("\n").at(-1) ?? ""}`,
      `see that \`${docker.describe(["logs", node.container])}\` works, or run npx pg-dist doctor ${environment}`,
    );
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    process.stdout.off("error", stop);
  }
}

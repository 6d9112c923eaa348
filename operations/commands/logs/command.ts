import { finished } from "node:stream/promises";
import type { Caller } from "../../base/caller/caller";
import { type Command, InvalidArgumentError } from "commander";
import type { Cluster, ClusterNode } from "../../../model/cluster";
import { describeCluster } from "../../../model/cluster";
import { findNode } from "../../cli/find-node";
import { hostOf } from "../../cluster/cluster-file";
import type { Output } from "../../docker/engine/demultiplex";
import { Engine } from "../../docker/engine/engine";
import { EngineFailure } from "../../docker/engine/engine-failure";
import { startExec } from "../../docker/engine/exec";
import { showLog as openLog } from "../../docker/engine/logs";
import { EXIT, type ExitCode, Failure } from "../../base/failure";
import { findProject, loadEnvironment } from "../../terraform/project";
import { readSince } from "./read-since";
import { filterLines } from "./filter-lines";
import { type LogPlace, READ_FILES, findLog } from "./log-place";
import { type Remedy, advise, commandIn, deployOf } from "../../base/remedy";

const HELP = `
NODE is an id (server-d/worker1), the name of its container, or its short name where only one node has it.
PostgreSQL writes its log to standard error, and so does this; a first start writes to standard output too. Where
logging_collector has it write to files instead, the current one is shown, on standard output.

Examples:
  npx pg-dist logs production server-b/worker1 --since 1h
  npx pg-dist logs production coordinator --follow --grep 'ERROR|FATAL'`;

interface Flags {
  readonly follow?: true;
  /** In seconds since 1970. */
  readonly since?: number;
  readonly grep?: RegExp;
}

/** `pg-dist logs ENV NODE`. */
export function addLogs(program: Command, caller: Caller): void {
  program
    .command("logs")
    .argument("<environment>", "name of a file in environments/, without .ts")
    .argument("<node>", "which node")
    .description("Show a node's log, through the Docker engine of its server.")
    .option("-f, --follow", "keep following the log, until Ctrl-C")
    .option("--since <time>", "from this time on: 10m, 2h, 2026-05-01T10:00:00", parseSince)
    .option("--grep <pattern>", "only lines that match this regular expression (JavaScript's)", parsePattern)
    .addHelpText("after", HELP)
    .action(async (environment: string, name: string, flags: Flags) => {
      const cluster = describeCluster(loadEnvironment(findProject(), environment));
      const node = findNode(cluster, name);
      const docker = new Engine(hostOf(cluster, node), caller);
      try {
        process.exitCode = await showLog(docker, { cluster, node, flags });
      } finally {
        docker.close();
      }
    });
}

function parseSince(text: string): number {
  const since = readSince(text, Date.now());
  if (since !== undefined) return since;
  throw new InvalidArgumentError(
    "It must be a duration such as 10m or 2h, or a time such as 2026-05-01T10:00:00.",
  );
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

interface Wanted {
  readonly cluster: Cluster;
  readonly node: ClusterNode;
  readonly flags: Flags;
}

async function showLog(docker: Engine, { cluster, node, flags }: Wanted): Promise<ExitCode> {
  const { environment } = cluster;
  const place = await findLog(docker, node, cluster);
  if (place.kind === "elsewhere") {
    throw new Failure(
      `${node.id}: its log goes to ${place.destination} (log_destination), which can't be read from here`,
      `read it there; or set log_destination: "stderr" in the node's settings, and ${deployOf(environment)}`,
    );
  }
  if (place.kind === "files") return showFiles(docker, place, { cluster, node, flags });
  try {
    const log = await openLog(docker, node.container, { follow: flags.follow === true, since: flags.since });
    const { interrupted, last } = await passOn(log, flags, log.close);
    if (interrupted) return EXIT.ok;
    const [, gone] =
      /Future log output will (?:appear in directory|go to log destination) "([^"]+)"/.exec(last) ?? [];
    if (gone !== undefined)
      process.stderr.write(`${node.id} is not running; its log goes on in ${gone}, on its volume.\n`);
    return EXIT.ok;
  } catch (error) {
    const failure = docker.failure("logs", error);
    throw new Failure(`${node.id}: ${failure.summary}`, remedyFor(failure, docker, { environment, node }));
  }
}

function remedyFor(
  { code }: EngineFailure,
  docker: Engine,
  { environment, node }: { readonly environment: string; readonly node: ClusterNode },
): Remedy {
  return code === "unsupported"
    ? "read it where the log driver of that Docker host sends it, or give the host one that keeps it (json-file, local)"
    : advise`check that \`${docker.describe(["logs", node.container])}\` works, or run ${commandIn({ environment }, "doctor")}`;
}

/** The current one, and with --follow those that come after it. */
async function showFiles(
  docker: Engine,
  { format, path }: Extract<LogPlace, { kind: "files" }>,
  { node, flags }: Wanted,
): Promise<ExitCode> {
  if (flags.since !== undefined) {
    throw new Failure(
      `--since can't be used: ${node.id} writes its log to files (logging_collector), which can't be filtered by time`,
      `leave it out: the current file (${path} in PGDATA) is shown whole, and --grep filters it`,
      { exitCode: EXIT.usage },
    );
  }
  process.stderr.write(
    `${node.id} writes its log to files (logging_collector); this is ${path} in its PGDATA:\n`,
  );
  const follow = flags.follow === true ? "follow" : "once";
  const command = ["sh", "-c", READ_FILES, "sh", format, follow];
  const running = await startExec(docker, node.container, command, { stdin: true });
  // The end of its input ends it; the engine leaves it alone where only the connection goes.
  const end = () => void running.stdin.end();
  if (flags.follow !== true) end();
  const { interrupted, last } = await passOn(running, flags, end);
  if (interrupted) return EXIT.ok;
  const code = await running.exitCode();
  if (code === 0) return EXIT.ok;
  throw new Failure(
    `${node.id}: its log ${path} can't be read: ${last.trim().split("\n").at(-1) || `docker exec ended with ${code ?? "no exit code"}`}`,
    `check that \`${docker.describe(["exec", node.container, "true"])}\` works`,
  );
}

/** Its lines that match, until it ends or somebody has enough of it. */
async function passOn(
  { stdout, stderr, closed }: Output,
  flags: Flags,
  end: () => void,
): Promise<{ interrupted: boolean; last: string }> {
  let interrupted = false;
  const stop = () => {
    interrupted = true;
    end();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  // A reader that has enough, such as head, ends it too.
  process.stdout.once("error", stop);
  let last = "";
  stderr.on("data", (chunk: Buffer) => (last = (last + chunk.toString()).slice(-2000)));
  stdout.pipe(filterLines(flags.grep)).pipe(process.stdout, { end: false });
  stderr.pipe(filterLines(flags.grep)).pipe(process.stderr, { end: false });
  try {
    await Promise.all([closed, finished(stderr)]);
    return { interrupted, last };
  } catch (error) {
    if (interrupted) return { interrupted, last };
    throw error;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    process.stdout.off("error", stop);
  }
}

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { type Command, InvalidArgumentError } from "commander";
import type { Cluster, ClusterNode } from "../../../model/cluster";
import { describeCluster } from "../../../model/cluster";
import { findNode } from "../../cli/find-node";
import { hostOf } from "../../cluster/cluster-file";
import { DockerHost } from "../../docker/docker-host";
import { EXIT, type ExitCode, Failure } from "../../base/failure";
import { findProject, loadEnvironment } from "../../terraform/project";
import { filterLines } from "./filter-lines";
import { type LogPlace, READ_FILES, findLog } from "./log-place";

const HELP = `
NODE is an id (server-d/worker1), the name of its container, or its short name where only one node has it.
PostgreSQL writes its log to standard error, and so does this; a first start writes to standard output too. Where
logging_collector has it write to files instead, the current one is shown, on standard output.

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
        process.exitCode = await showLog(docker, { cluster, node, flags });
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

interface Wanted {
  readonly cluster: Cluster;
  readonly node: ClusterNode;
  readonly flags: Flags;
}

async function showLog(docker: DockerHost, { cluster, node, flags }: Wanted): Promise<ExitCode> {
  const { environment } = cluster;
  const place = await findLog(docker, node, cluster);
  if (place.kind === "elsewhere") {
    throw new Failure(
      `${node.id}: its log goes to ${place.destination} (log_destination), which can't be read from here`,
      `read it there; or set log_destination: "stderr" in the node's settings, and npx cdktf deploy ${environment}`,
    );
  }
  if (place.kind === "files") return showFiles(docker, place, { cluster, node, flags });
  const args = [
    "logs",
    ...(flags.follow === true ? ["--follow"] : []),
    ...(flags.since === undefined ? [] : ["--since", flags.since]),
    node.container,
  ];
  const child = docker.follow(args);
  const { code, interrupted, last } = await passOn(child, flags, () => child.kill());
  if (interrupted) return EXIT.ok;
  if (code === 0) {
    const [, gone] =
      /Future log output will (?:appear in directory|go to log destination) "([^"]+)"/.exec(last) ?? [];
    if (gone !== undefined)
      process.stderr.write(`${node.id} doesn't run, and wrote on to ${gone}, which its volume has.\n`);
    return EXIT.ok;
  }
  throw new Failure(
    `${node.id}: docker logs ended with ${code ?? "a signal"}: ${last.trim().split("\n").at(-1) ?? ""}`,
    /does not support reading/.test(last)
      ? "read it where the log driver of that Docker host sends it, or give the host one that keeps it (json-file, local)"
      : `see that \`${docker.describe(["logs", node.container])}\` works, or run npx pg-dist doctor ${environment}`,
  );
}

/** The current one, and with --follow those that come after it. */
async function showFiles(
  docker: DockerHost,
  { format, path }: Extract<LogPlace, { kind: "files" }>,
  { node, flags }: Wanted,
): Promise<ExitCode> {
  if (flags.since !== undefined) {
    throw new Failure(
      `--since can't be had: ${node.id} writes its log to files (logging_collector), whose lines only it can date`,
      `leave it out: the current file (${path} in PGDATA) is shown whole, and --grep filters it`,
      { exitCode: EXIT.usage },
    );
  }
  process.stderr.write(
    `${node.id} writes its log to files (logging_collector); this is ${path} in its PGDATA:\n`,
  );
  const follow = flags.follow === true ? "follow" : "once";
  const args = ["exec", "-i", node.container, "sh", "-c", READ_FILES, "sh", format, follow];
  const child = docker.start(args, { stdio: ["pipe", "pipe", "pipe"] });
  // The end of its input ends it there; a signal would end only docker's command here.
  child.stdin?.on("error", () => undefined);
  if (flags.follow !== true) child.stdin?.end();
  const { code, interrupted, last } = await passOn(child, flags, () => child.stdin?.end());
  if (code === 0 || interrupted) return EXIT.ok;
  throw new Failure(
    `${node.id}: its log ${path} can't be read: ${last.trim().split("\n").at(-1) || `docker exec ended with ${code ?? "a signal"}`}`,
    `see that \`${docker.describe(["exec", node.container, "true"])}\` works`,
  );
}

/** Its lines that match, until it ends or somebody has enough of it. */
async function passOn(
  child: ChildProcess,
  flags: Flags,
  end: () => void,
): Promise<{ code: number | null; interrupted: boolean; last: string }> {
  let interrupted = false;
  const stop = () => {
    interrupted = true;
    end();
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
    return { code, interrupted, last };
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    process.stdout.off("error", stop);
  }
}

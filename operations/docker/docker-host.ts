import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClusterHost, DEFAULT_SSH_OPTIONS } from "../../model/cluster";
import { type ChildResult, runChild } from "../base/child-process";
import { Failure, oneLine } from "../base/failure";
import { sshArguments } from "./ssh";

/** How long one docker command may take, a stop with its grace included. In milliseconds. */
const COMMAND_MS = 180_000;

/**
 * How many commands one Docker host is given at once: each is a login by ssh, and sshd refuses some as soon as ten wait
 * for their end (MaxStartups 10:30:100). Others log in too.
 */
export const COMMANDS_AT_ONCE = 4;

/** How long a Docker host may take to answer at all. In milliseconds. */
const ANSWER_MS = 30_000;

/** Runs its arguments as a command, and ends it when the standard input does: that is when ssh has gone. */
const UNTIL_END_OF_INPUT = `exec 3<&0
"$@" </dev/null 3<&- & command=$!
{ cat <&3 >/dev/null; kill $command; } 2>/dev/null & input=$!
wait $command; code=$?
kill $input 2>/dev/null
exit $code`;

/** The docker command on a Docker host of the environment: over its ssh, or the local command at its socket or port. */
export class DockerHost {
  private certificates?: string;

  constructor(
    readonly host: ClusterHost,
    private readonly env: NodeJS.ProcessEnv = process.env,
  ) {}

  get id(): string {
    return this.host.id;
  }

  /** @throws Failure when the engine doesn't answer */
  async check(): Promise<void> {
    await this.run(["version", "--format", "{{.Server.Version}}"], ANSWER_MS);
  }

  /**
   * Runs a docker command.
   *
   * @throws Failure with what docker or ssh said
   */
  async run(args: readonly string[], timeout = COMMAND_MS): Promise<string> {
    const result = await this.try(args, timeout);
    if (result.code === 0) return result.stdout;
    throw this.failure(args, result);
  }

  /** What docker or ssh said about a command that failed. */
  failure(args: readonly string[], result: ChildResult): Failure {
    return new Failure(
      `${this.id}: docker ${args.slice(0, 2).join(" ")}: ${explain(result)}`,
      `see that \`${this.describe(["ps"])}\` works`,
    );
  }

  /** Runs a docker command, whatever its exit code. `input` is for what it runs, e.g. `exec -i`. */
  async try(args: readonly string[], timeout = COMMAND_MS, input?: string): Promise<ChildResult> {
    const [command, ...rest] = this.commandLine(args);
    try {
      return await runChild(command, rest, { env: this.environment(), timeout, input });
    } catch (error) {
      throw this.cannotRun(error);
    }
  }

  /** Of a child process that could not even be started. */
  cannotRun(error: unknown): Failure {
    return new Failure(
      `${this.id}: can't run ${this.isSsh ? "ssh" : "docker"}: ${oneLine(error)}`,
      this.isSsh ? "install the OpenSSH client" : "install Docker's command-line client",
      { cause: error },
    );
  }

  /**
   * Starts a docker command and leaves its streams to the caller. With `tty` it gets a terminal on the server too; the
   * caller adds docker's own `-t`.
   */
  start(
    args: readonly string[],
    options: { readonly stdio: StdioOptions; readonly tty?: boolean; readonly env?: NodeJS.ProcessEnv },
  ): ChildProcess {
    const [command, ...rest] = this.commandLine(args, options.tty === true ? ["-t"] : []);
    return spawn(command, rest, { stdio: options.stdio, env: { ...this.environment(), ...options.env } });
  }

  /**
   * Starts a docker command that may run for ever, such as `logs --follow`. Killing the child ends it on the server too:
   * there a command without a terminal would otherwise go on until it next writes.
   */
  follow(args: readonly string[]): ChildProcess {
    const stdio: StdioOptions = ["pipe", "pipe", "pipe"];
    if (!this.isSsh) return this.start(args, { stdio });
    const remote = `sh -c ${shellQuote(UNTIL_END_OF_INPUT)} sh ${this.remoteCommand(args)}`;
    return spawn("ssh", [...sshArguments(this.host, []), remote], { stdio });
  }

  /** A docker command line for a person. */
  describe(args: readonly string[]): string {
    if (!this.isSsh) return ["docker", "-H", this.host.connection, ...args].join(" ");
    return [describeLogin(this.host), "docker", ...args].join(" ");
  }

  /** Removes the TLS material that was written for the docker command. */
  close(): void {
    if (this.certificates !== undefined) rmSync(this.certificates, { recursive: true, force: true });
    this.certificates = undefined;
  }

  private get isSsh(): boolean {
    return this.host.connection.startsWith("ssh://");
  }

  private commandLine(args: readonly string[], sshOptions: readonly string[] = []): [string, ...string[]] {
    if (!this.isSsh) return ["docker", "-H", this.host.connection, ...args];
    return ["ssh", ...sshArguments(this.host, sshOptions), this.remoteCommand(args)];
  }

  /** For the server's shell. */
  private remoteCommand(args: readonly string[]): string {
    return ["docker", ...args].map(shellQuote).join(" ");
  }

  /** Without what would send the command to another engine than the environment's. */
  private environment(): NodeJS.ProcessEnv {
    const { DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CERT_PATH, DOCKER_TLS, DOCKER_TLS_VERIFY, ...env } = this.env;
    void [DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CERT_PATH, DOCKER_TLS, DOCKER_TLS_VERIFY];
    if (this.host.tls === undefined) return env;
    return { ...env, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: this.certificateFolder(this.host.tls) };
  }

  /** The docker command takes its TLS material from files only. */
  private certificateFolder(prefix: string): string {
    if (this.certificates !== undefined) return this.certificates;
    this.certificates = mkdtempSync(join(tmpdir(), "pg-dist-tls-"));
    for (const part of ["ca", "cert", "key"]) {
      const pem = this.env[`TF_VAR_${prefix}_${part}`] ?? "";
      writeFileSync(join(this.certificates, `${part}.pem`), pem, { mode: 0o600 });
    }
    return this.certificates;
  }
}

/** The ssh command line to a Docker host, for a person: with the options of the environment, without our own defaults. */
export function describeLogin({
  connection,
  sshOptions,
}: Pick<ClusterHost, "connection" | "sshOptions">): string {
  const { username, hostname, port } = new URL(connection);
  const isDefault = sshOptions.join("\n") === DEFAULT_SSH_OPTIONS.join("\n");
  const login = username === "" ? hostname : `${decodeURIComponent(username)}@${hostname}`;
  return [
    "ssh",
    ...(isDefault ? [] : sshOptions).map(shellQuote),
    ...(port === "" ? [] : ["-p", port]),
    shellQuote(login.replace(/[[\]]/g, "")),
  ].join(" ");
}

function explain({ stderr, code, timedOut }: ChildResult): string {
  if (timedOut) return "no answer in time";
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("Warning: Permanently added"));
  return lines.join("; ") || `exit code ${code}`;
}

function shellQuote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { Duplex } from "node:stream";

/** After ssh's exit, a ControlPersist master may keep standard error open: don't wait longer than this for the rest. */
const STDERR_GRACE_MS = 200;
const CONNECT_TIMEOUT_SECONDS = 30;

/** The command line of the local ssh that connects to the Docker engine behind `ssh://user@host[:port][/socket]`. */
export function sshArguments(host: URL, sshOpts: string[]): string[] {
  if (host.password)
    throw new Error("The Docker host's ssh:// address has a password; ssh takes none, use a key.");
  const hasTimeout = sshOpts.some((option) => option.includes("ConnectTimeout"));
  const socket = host.pathname.length > 1 ? [`--host=unix://${host.pathname}`] : [];
  return [
    ...sshOpts,
    ...(hasTimeout ? [] : ["-o", `ConnectTimeout=${CONNECT_TIMEOUT_SECONDS}`]),
    "-T",
    ...(host.username ? ["-l", decodeURIComponent(host.username)] : []),
    ...(host.port ? ["-p", host.port] : []),
    "--",
    host.hostname,
    "docker",
    ...socket,
    "system",
    "dial-stdio",
  ];
}

/**
 * A connection to a Docker engine through `ssh ... docker system dial-stdio`, as Node's HTTP client wants one. When
 * ssh fails, the connection's error carries ssh's own words.
 */
export class SshConnection extends Duplex {
  readonly #ssh: ChildProcessWithoutNullStreams;
  #idleTimer: NodeJS.Timeout | undefined;
  #idleMs = 0;

  constructor(args: string[]) {
    super();
    this.#ssh = spawn("ssh", args);
    let complaints = "";
    this.#ssh.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    this.#ssh.stdout.on("data", (chunk: Buffer) => {
      this.#active();
      if (!this.push(chunk)) this.#ssh.stdout.pause();
    });
    this.#ssh.stdin.on("error", () => undefined); // ssh ended: its exit tells why
    this.#ssh.on("error", (error) => this.destroy(new Error(`ssh could not be run: ${error.message}`)));
    const finish = () => {
      const { exitCode, signalCode } = this.#ssh;
      if (exitCode === 0) this.push(null);
      else {
        const end = signalCode ? `was ended by ${signalCode}` : `ended with code ${exitCode}`;
        this.destroy(new Error(`ssh ${args.join(" ")} ${end}: ${complaints.trim() || "it said nothing"}`));
      }
    };
    this.#ssh.on("exit", () => {
      const late = setTimeout(finish, STDERR_GRACE_MS);
      this.#ssh.once("close", () => {
        clearTimeout(late);
        finish();
      });
    });
  }

  override _read(): void {
    this.#ssh.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#active();
    if (this.#ssh.stdin.write(chunk)) done();
    else this.#ssh.stdin.once("drain", done);
  }

  override _final(done: () => void): void {
    this.#ssh.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#idleTimer);
    this.#ssh.kill();
    done(error);
  }

  #active(): void {
    clearTimeout(this.#idleTimer);
    if (this.#idleMs > 0) this.#idleTimer = setTimeout(() => this.emit("timeout"), this.#idleMs);
  }

  // The rest is what Node's HTTP agent calls on a socket.
  setTimeout(ms: number, listener?: () => void): this {
    this.#idleMs = ms;
    this.#active();
    if (listener) this.once("timeout", listener);
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

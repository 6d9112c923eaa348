import { Duplex, type Readable, type Writable } from "node:stream";

/** The two ends of a tunnel, and how to take it down. */
export interface Tunnel {
  readonly input: Writable;
  readonly output: Readable;
  close(): void;
  /** Whether it keeps this process alive. @default it does, always */
  hold?(alive: boolean): void;
}

/**
 * A tunnel's two streams as the one that a PostgreSQL or an HTTP client talks through. To the latter it is a socket: Node's
 * HTTP agent calls `ref` and `unref`, and sets what only a socket has.
 */
export class TunnelStream extends Duplex {
  constructor(private readonly tunnel: Tunnel) {
    super();
    tunnel.output.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) tunnel.output.pause();
    });
    // What is written after the far end has gone is lost either way; the reason comes from `fail`.
    tunnel.input.on("error", () => undefined);
    tunnel.output.on("error", (error) => this.destroy(error));
  }

  /** The far end has closed: orderly, or for the reason given. */
  finish(reason?: Error): void {
    if (reason !== undefined) this.destroy(reason);
    else if (!this.destroyed) {
      this.once("end", () => this.destroy());
      this.push(null);
    }
  }

  ref(): this {
    this.tunnel.hold?.(true);
    return this;
  }

  unref(): this {
    this.tunnel.hold?.(false);
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  override _read(): void {
    this.tunnel.output.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.tunnel.input.writable) this.tunnel.input.write(chunk, () => done());
    else done();
  }

  override _final(done: () => void): void {
    this.tunnel.input.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.tunnel.close();
    done(error);
  }
}

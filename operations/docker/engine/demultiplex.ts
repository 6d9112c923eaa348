import { PassThrough, type Readable } from "node:stream";
import { finished } from "node:stream/promises";

/** Header of a piece of output: its stream, three zeros, its length. */
const HEADER_LENGTH = 8;
const STDERR = 2;

/** What a process writes. */
export interface Output {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when both have ended, and fails where the connection did. */
  readonly closed: Promise<void>;
}

/**
 * Takes standard output and error apart, which share the engine's connection. What a process with a terminal writes has no
 * headers, and is standard output as it is.
 *
 * @param raw whether it has a terminal. @default by its first bytes, which a header has and no log
 */
export function demultiplex(source: Readable, raw?: boolean): Output {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let pending: Buffer = Buffer.alloc(0);
  let plain = raw;
  let left = 0;
  let current = stdout;

  const write = (content: Buffer) => {
    if (current.write(content) || source.isPaused()) return;
    source.pause();
    current.once("drain", () => source.resume());
  };
  source.on("data", (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    plain ??= pending.length < HEADER_LENGTH ? undefined : !isHeader(pending);
    if (plain === true) {
      write(pending);
      pending = Buffer.alloc(0);
    }
    while (plain === false && pending.length > 0) {
      if (left === 0) {
        if (pending.length < HEADER_LENGTH) return;
        current = pending[0] === STDERR ? stderr : stdout;
        left = pending.readUInt32BE(4);
        pending = pending.subarray(HEADER_LENGTH);
      }
      const content = pending.subarray(0, left);
      pending = pending.subarray(content.length);
      left -= content.length;
      if (content.length > 0) write(content);
    }
  });
  const closed = finished(source, { writable: false }).finally(() => {
    if (plain === undefined && pending.length > 0) stdout.write(pending);
    stdout.end();
    stderr.end();
  });
  // Who only reads the streams needs no answer here.
  closed.catch(() => undefined);
  return { stdout, stderr, closed };
}

function isHeader(bytes: Buffer): boolean {
  return (bytes[0] ?? 9) <= STDERR && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0;
}

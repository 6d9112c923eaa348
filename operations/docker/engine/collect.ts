import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";

/** The text of a stream. */
export interface Collected {
  /** What has come so far. */
  text(): string;
  /** Resolves when all has come, or nothing more does. */
  readonly ended: Promise<void>;
}

export function collect(stream: Readable): Collected {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = finished(stream, { writable: false }).catch(() => undefined);
  return { text: () => Buffer.concat(chunks).toString("utf8"), ended };
}

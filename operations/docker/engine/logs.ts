import { Readable } from "node:stream";
import { collect } from "./collect";
import { type Output, demultiplex } from "./demultiplex";
import { type Engine, containerPath } from "./engine";

/** The end of what Docker has kept of a container's output. */
export interface LogEnd {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * @param options tail: how many lines; timeout in milliseconds, for all of it
 * @throws EngineFailure
 */
export async function readLog(
  engine: Engine,
  container: string,
  { tail, timeout }: { readonly tail: number; readonly timeout?: number },
): Promise<LogEnd> {
  const whole = await engine.bytes({
    ...{ operation: "logs", path: containerPath(container, "logs"), timeout },
    query: { stdout: true, stderr: true, tail },
  });
  return separate(whole);
}

/** A log that is shown while it comes. */
export interface ShownLog extends Output {
  close(): void;
}

/**
 * @param options follow: until `close`, or the container's end; since: in seconds since 1970
 * @throws EngineFailure where the engine doesn't begin
 */
export async function showLog(
  engine: Engine,
  container: string,
  { follow, since }: { readonly follow: boolean; readonly since?: number },
): Promise<ShownLog> {
  const response = await engine.stream({
    ...{ operation: "logs", path: containerPath(container, "logs") },
    query: { stdout: true, stderr: true, follow, since },
  });
  return { ...demultiplex(response), close: () => void response.destroy() };
}

async function separate(whole: Buffer): Promise<LogEnd> {
  const output = demultiplex(Readable.from([whole]));
  const [stdout, stderr] = [collect(output.stdout), collect(output.stderr)];
  await Promise.all([output.closed, stdout.ended, stderr.ended]);
  return { stdout: stdout.text(), stderr: stderr.text() };
}

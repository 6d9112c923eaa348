import { inspectContainer } from "./containers";
import { type Engine, containerPath } from "./engine";
import { ifFound } from "./engine-failure";

/**
 * Whether a container has a file, also one that doesn't run.
 *
 * @throws EngineFailure, `not-found` where there is no such container
 */
export async function hasFile(engine: Engine, container: string, file: string): Promise<boolean> {
  const request = {
    operation: "cp",
    method: "HEAD",
    path: containerPath(container, "archive"),
    query: { path: file },
  } as const;
  if ((await ifFound(engine.bytes(request))) !== undefined) return true;
  // The engine has one answer for both.
  await inspectContainer(engine, container);
  return false;
}

/**
 * A file of a container, in a tar archive; undefined where either is missing.
 *
 * @throws EngineFailure
 */
export function readArchive(engine: Engine, container: string, file: string): Promise<Buffer | undefined> {
  return ifFound(
    engine.bytes({ operation: "cp", path: containerPath(container, "archive"), query: { path: file } }),
  );
}

import type { Engine } from "./engine";

/** What an engine says of itself and its server. */
export interface InfoJson {
  /** e.g. 20.10.24 */
  readonly ServerVersion: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly DockerRootDir: string;
  /** RFC 3339 with nanoseconds. */
  readonly SystemTime: string;
}

export function readInfo(engine: Engine, timeout: number): Promise<InfoJson> {
  return engine.json({ operation: "info", path: "/info", timeout });
}

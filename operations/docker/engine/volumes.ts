import type { Engine } from "./engine";
import { ifFound } from "./engine-failure";

export interface VolumeJson {
  readonly Name: string;
  readonly Options: Readonly<Record<string, string>> | null;
}

/** Undefined where there is none. */
export function inspectVolume(
  engine: Engine,
  name: string,
  timeout?: number,
): Promise<VolumeJson | undefined> {
  const path = `/volumes/${encodeURIComponent(name)}`;
  return ifFound(engine.json<VolumeJson>({ operation: "volume inspect", path, timeout }));
}

export async function listVolumes(engine: Engine, timeout?: number): Promise<readonly VolumeJson[]> {
  const { Volumes } = await engine.json<{ readonly Volumes: readonly VolumeJson[] | null }>({
    ...{ operation: "volume ls", path: "/volumes", timeout },
  });
  return Volumes ?? [];
}

export async function removeVolume(engine: Engine, name: string): Promise<void> {
  const path = `/volumes/${encodeURIComponent(name)}`;
  await engine.bytes({ operation: "volume rm", method: "DELETE", path });
}

import type { Engine } from "./engine";
import { ifFound } from "./engine-failure";

export interface NetworkJson {
  readonly Id: string;
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly IPAM: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
}

/** Undefined where there is none. */
export function inspectNetwork(
  engine: Engine,
  network: string,
  timeout?: number,
): Promise<NetworkJson | undefined> {
  const path = `/networks/${encodeURIComponent(network)}`;
  return ifFound(engine.json<NetworkJson>({ operation: "network inspect", path, timeout }));
}

export function listNetworks(engine: Engine): Promise<NetworkJson[]> {
  return engine.json({ operation: "network ls", path: "/networks" });
}

export async function removeNetwork(engine: Engine, network: string): Promise<void> {
  const path = `/networks/${encodeURIComponent(network)}`;
  await engine.bytes({ operation: "network rm", method: "DELETE", path });
}

import type { Caller } from "../../base/caller/caller";
import { Failure } from "../../base/failure";
import { runAsRoot } from "../../docker/root-shell";
import type { FirewalledServer } from "./put-in-force";
import { type FirewallState, readState } from "./read-state";
import { lookScript } from "./scripts";

/**
 * What a server has of the rules.
 *
 * @throws Failure where it doesn't say
 */
export async function lookAt(
  { host, firewall }: FirewalledServer,
  caller: Caller,
  timeoutMs: number,
): Promise<FirewallState> {
  const state = readState(await runAsRoot(host, lookScript(firewall), caller, timeoutMs), firewall);
  if (state !== undefined) return state;
  throw new Failure(`${host.id}: there is no nft`, "install the package nftables on that server");
}

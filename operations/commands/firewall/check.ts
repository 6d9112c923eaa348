import type { Cluster } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import { Failure } from "../../base/failure";
import { type Remedy, advise, commandIn } from "../../base/remedy";
import { lookAt } from "../../change/firewall/look";
import type { FirewalledServer } from "../../change/firewall/put-in-force";
import type { FirewallState } from "../../change/firewall/read-state";
import { firewallNames } from "../../../model/contract/firewall";
import { type Declared, withSubnets, withoutShell } from "./servers";

/** A server, what it has of the rules, and what is wrong with that. */
export interface Checked extends FirewalledServer {
  /** Undefined where it didn't say. */
  readonly state?: FirewallState;
  readonly failed?: Failure;
  /** Empty where all is as declared. */
  readonly faults: readonly Fault[];
}

interface Fault {
  readonly what: string;
  readonly remedy: Remedy;
}

/** Looks at all servers at once. Never throws for one that doesn't answer. */
export function checkServers(declared: Declared, caller: Caller, timeoutMs: number): Promise<Checked[]> {
  const { cluster } = declared;
  return Promise.all(
    declared.servers.map(async (server): Promise<Checked> => {
      const none = withoutShell(server.host, cluster);
      if (none !== undefined) return { ...server, faults: [none] };
      try {
        const known = await withSubnets(declared, server.host, caller, timeoutMs);
        const state = await lookAt(known, caller, timeoutMs);
        return { ...known, state, faults: faultsOf(state, cluster) };
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return { ...server, failed: error, faults: [{ what: error.summary, remedy: error.remedy }] };
      }
    }),
  );
}

/** What differs from what is declared. */
export function faultsOf(state: FirewallState, cluster: Pick<Cluster, "environment" | "name">): Fault[] {
  const apply = advise`${commandIn(cluster, "firewall", "apply")}`;
  const { file } = firewallNames(cluster.name);
  const faults: Fault[] = [];
  if (state.rules === "none")
    faults.push({
      what: "no rules are in force: whoever reaches the server reaches the nodes",
      remedy: apply,
    });
  if (state.rules === "other")
    faults.push({ what: `other rules are in force${differences(state)}`, remedy: apply });
  if (state.rules === "right" && state.atStart === "none")
    faults.push({
      what: "the rules end with the next start of the server: nothing loads them then",
      remedy: apply,
    });
  if (state.atStart === "other" && state.rules !== "none")
    faults.push({ what: `other rules are loaded at the start of the server (${file})`, remedy: apply });
  return faults;
}

function differences({ missing, surplus }: FirewallState): string {
  const parts = [
    ...(missing.length === 0 ? [] : [`not in force: ${missing.join("; ")}`]),
    ...(surplus.length === 0 ? [] : [`not declared: ${surplus.join("; ")}`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(" | ")})`;
}

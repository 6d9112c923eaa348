import type { Cluster } from "../../../model/cluster";
import type { Checked } from "./check";

/** The servers for a script, as schemas/firewall.json has them. */
export function describeChecked(
  { environment, name }: Pick<Cluster, "environment" | "name">,
  checked: readonly Checked[],
): object {
  return {
    environment,
    cluster: name,
    asDeclared: checked.every(({ faults }) => faults.length === 0),
    servers: checked.map(({ host, firewall, state, faults }) => ({
      host: host.id,
      published: firewall.published,
      allowed: firewall.sources,
      rules: state?.rules ?? "unknown",
      atStart: state?.atStart ?? "unknown",
      missing: state?.missing ?? [],
      surplus: state?.surplus ?? [],
      faults,
    })),
  };
}

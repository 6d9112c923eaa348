import type { NamespaceHolder } from "./namespace";

/** Who is kept from a port: an address on the testbed's network, or the host itself. */
export type Source = { address: string } | "itself";

/**
 * Drops (or lets through again) TCP connections from `source` to a port of a host, published or not. Established
 * connections stall too. The rules are in the raw table, which comes before Docker's address translation.
 */
export async function setTcpBlock(
  host: { namespaces: NamespaceHolder; address: string },
  source: Source,
  port: number,
  blocked: boolean,
): Promise<void> {
  const target = [
    "--destination",
    host.address,
    "--protocol",
    "tcp",
    "--dport",
    String(port),
    "--jump",
    "DROP",
  ];
  const rules =
    source === "itself"
      ? [
          ["PREROUTING", "!", "--in-interface", "eth0", ...target],
          ["OUTPUT", ...target],
        ]
      : [["PREROUTING", "--source", source.address, ...target]];
  for (const [chain, ...rule] of rules) {
    const action = blocked ? "--insert" : "--delete";
    await host.namespaces.run("iptables", ["--wait", "--table", "raw", action, chain ?? "", ...rule]);
  }
}

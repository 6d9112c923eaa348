import { firewallNames } from "../../../model/contract/firewall";

/**
 * Loads the rules at each start of the server, before Docker publishes a port. Not before the network (network-pre.target): on
 * some systems that is before the basic target, which a unit like this one waits for.
 *
 * @param nft path of the nft command, as a shell expands it
 */
export function unitOf(cluster: string, nft: string): string {
  const { table, file } = firewallNames(cluster);
  return [
    "[Unit]",
    `Description=pg-dist: who may reach the nodes of cluster ${cluster}`,
    "Before=docker.service",
    "After=nftables.service",
    // A reload flushes all tables, ours too.
    "ReloadPropagatedFrom=nftables.service",
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=${nft} -f ${file}`,
    `ExecReload=${nft} -f ${file}`,
    `ExecStop=-${nft} delete table inet ${table}`,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
}

/** Loads them again where nftables.service is started or restarted: the unit above runs already then, and does nothing. */
export function unitAgainOf(cluster: string, nft: string): string {
  return [
    "[Unit]",
    `Description=pg-dist: the rules of cluster ${cluster} again, as nftables.service flushes all tables`,
    "After=nftables.service",
    "",
    "[Service]",
    "Type=oneshot",
    `ExecStart=${nft} -f ${firewallNames(cluster).file}`,
    "",
    "[Install]",
    "WantedBy=nftables.service",
    "",
  ].join("\n");
}

/** What `pg-dist firewall` has on a server: its own table of nftables, its rules as a file, and what loads that at each start. */
export interface FirewallNames {
  /** Of family inet. */
  readonly table: string;
  readonly folder: string;
  readonly file: string;
  /** Of systemd: loads the file at each start of the server. */
  readonly unit: string;
  /** Of systemd: loads it again where nftables.service is started, which flushes all tables. */
  readonly again: string;
}

/** By the cluster's name, as clusters that share a server have different ones. */
export function firewallNames(cluster: string): FirewallNames {
  const folder = "/etc/pg-dist";
  return {
    table: `pgdist-${cluster}`,
    folder,
    file: `${folder}/firewall-${cluster}.nft`,
    unit: `pg-dist-firewall-${cluster}.service`,
    again: `pg-dist-firewall-${cluster}-again.service`,
  };
}

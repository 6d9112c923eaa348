import type { Environment } from "../../model/environment";
import { production } from "../../environments/production";
import type { Testbed } from "../../testbed/testbed";

/**
 * The `production` environment on test hosts: its own topology and names, only the servers' addresses and ssh options
 * are the testbed's.
 */
export function productionOn(bed: Testbed): Environment {
  return {
    ...production,
    hosts: Object.fromEntries(Object.keys(production.hosts).map((id) => [id, hostOptions(bed, id)])),
  };
}

/** A test host as an environment declares it: ssh, its name in DNS, ports bound to its address. */
export function hostOptions(bed: Testbed, id: string): Environment["hosts"][string] {
  const host = bed.hosts[id];
  if (host === undefined) throw new Error(`The testbed has no host ${id}.`);
  return {
    connection: host.connection,
    sshOptions: bed.sshOptions,
    address: host.name,
    bindAddress: host.address,
  };
}

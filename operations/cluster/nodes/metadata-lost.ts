import { OTHER_TRANSPORT, advise } from "../../base/remedy";

/**
 * What to do where the coordinator's own database has our record of the cluster, but its extension is gone or was made after
 * that: by DROP EXTENSION, or by a dump that was restored. Which tables are distributed, and where, stood in the extension.
 */
export const METADATA_LOST_REMEDY = advise`its extension was dropped (and recreated), or it was restored from a dump: the list of nodes and tables
  went with that, and every shard is still on the workers. Wipe, remove and add no worker; restore the coordinator's earlier data
  (a backup of its volume); if it is a copy of the coordinator, check what this address leads to from here, or ${OTHER_TRANSPORT}`;

import { EXIT, Failure } from "../../base/failure";

/**
 * How Citus moves a shard: `auto` online and only tables whose updates can be replicated, `force_logical` online also
 * where updates and deletes of a table without a replica identity fail meanwhile, `block_writes` with all writes waiting.
 */
export type TransferMode = (typeof MODES)[number];

export const MODES = ["auto", "force_logical", "block_writes"] as const;

/** @throws Failure when PGDIST_SHARD_TRANSFER_MODE is none of Citus' modes */
export function readTransferMode(env: NodeJS.ProcessEnv): TransferMode {
  const text = env["PGDIST_SHARD_TRANSFER_MODE"] || "auto";
  const mode = MODES.find((known) => known === text);
  if (mode !== undefined) return mode;
  throw new Failure(`PGDIST_SHARD_TRANSFER_MODE is ${text}`, `set it to one of: ${MODES.join(", ")}`, {
    exitCode: EXIT.usage,
  });
}

import type { Diagnostic } from "../errors/diagnostic";
import { silentBackendOf } from "../errors/lock";
import type { LockHolder } from "../errors/lock-info";
import { readStackFile } from "../stack-file";
import { findHolderByHttp } from "./http";
import { findHolderInPg } from "./pg";

/**
 * Who holds the lock that Terraform met, where it doesn't tell that itself. Undefined where it does, where nobody holds it any
 * more, and where the backend can't be asked.
 *
 * @param folder of the synthesized stack
 * @param env of Terraform
 */
export async function findHolder(
  errors: readonly Diagnostic[],
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<LockHolder | undefined> {
  const backend = errors.map(silentBackendOf).find((each) => each !== undefined);
  if (backend === undefined) return undefined;
  try {
    const config = readStackFile(folder).terraform?.backend?.[backend] ?? {};
    return await (backend === "pg" ? findHolderInPg(config, env) : findHolderByHttp(config, env));
  } catch {
    // The lock is what is to be told; that its holder can't be known is no failure of its own.
    return undefined;
  }
}

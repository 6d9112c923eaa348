import { randomBytes } from "node:crypto";
import type { Cluster, ClusterHost } from "../../../model/cluster";
import type { ServerFirewall } from "../../../model/firewall";
import type { Caller } from "../../base/caller/caller";
import { Failure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import { runAsRoot } from "../../docker/root-shell";
import { lostReach, readReached } from "./reach";
import { keepScript, revertScript, tryScript } from "./scripts";

/** A Docker host that is reached by ssh, with the rules that it is to have. */
export interface FirewalledServer {
  readonly host: ClusterHost;
  readonly firewall: ServerFirewall;
}

/** After so many seconds without a confirmation a server has its rules from before. */
const TRIAL_SECONDS = 90;

/**
 * Puts rules in force on all of the servers, or on none: first on trial, then the nodes reach each other as before, and then
 * a new login on each server confirms them. Whatever fails in between, also this program or its network, ends with the rules
 * from before.
 *
 * @param cluster whose nodes must reach each other as before
 * @throws Failure with what failed; the trials are over then
 */
export async function putInForce(
  servers: readonly FirewalledServer[],
  cluster: Cluster,
  {
    caller,
    progress,
    seconds = TRIAL_SECONDS,
  }: { readonly caller: Caller; readonly progress: Progress; readonly seconds?: number },
): Promise<void> {
  const trial = randomBytes(8).toString("hex");
  const before = await readReached(cluster, caller);
  const onTrial: FirewalledServer[] = [];
  try {
    await onEach(servers, async (server) => {
      // It may be in force though its end wasn't heard.
      onTrial.push(server);
      await runAsRoot(server.host, tryScript(server.firewall, trial, seconds), caller);
    });
    progress(`in force on trial on ${namesOf(servers)}, for ${seconds} s`);
    await requireReach(before, cluster, caller);
    progress(
      before.length === 0
        ? "no node runs yet that could lose another"
        : `the nodes reach each other as before (${before.length} ways)`,
    );
  } catch (error) {
    const left = await revert(onTrial, trial, caller);
    if (left.length > 0)
      progress(`${left.join(", ")}: the rules from before come back by themselves within ${seconds} s`);
    throw error;
  }
  await onEach(servers, async ({ host, firewall }) => {
    await runAsRoot(host, keepScript(firewall, trial), caller);
    progress(`${host.id}: confirmed by a new login, and kept`);
  });
}

async function requireReach(
  before: Awaited<ReturnType<typeof readReached>>,
  cluster: Cluster,
  caller: Caller,
): Promise<void> {
  const [lost] = lostReach(before, await readReached(cluster, caller));
  if (lost === undefined) return;
  throw new Failure(
    `with these rules ${lost.from} no longer reaches ${lost.to}, so they were taken back`,
    `say in environments/${cluster.environment}.ts from which address the connections of ${lost.from} arrive there: firewall: { members: { "${lost.from}": ["..."] } }`,
  );
}

/** @returns ids of the servers that didn't say that they have the rules from before */
async function revert(
  servers: readonly FirewalledServer[],
  trial: string,
  caller: Caller,
): Promise<string[]> {
  const left = await Promise.all(
    servers.map(async ({ host, firewall }) => {
      try {
        await runAsRoot(host, revertScript(firewall, trial), caller);
        return [];
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return [host.id];
      }
    }),
  );
  return left.flat();
}

/** On all at once, each to its end; the first failure is then thrown, with the others in its detail. */
export async function onEach<Server>(
  servers: readonly Server[],
  work: (server: Server) => Promise<void>,
): Promise<void> {
  const ended = await Promise.allSettled(servers.map(work));
  const [first, ...others] = ended.flatMap((each) =>
    each.status === "rejected" ? [each.reason as unknown] : [],
  );
  if (first === undefined) return;
  if (!(first instanceof Failure) || others.length === 0) throw first;
  throw new Failure(first.summary, first.remedy, {
    detail: others.map((each) => (each instanceof Error ? each.message : String(each))),
    exitCode: first.exitCode,
  });
}

export function namesOf(servers: readonly FirewalledServer[]): string {
  return servers.map(({ host }) => host.id).join(", ");
}

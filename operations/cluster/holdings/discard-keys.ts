import type { Cluster } from "../../../model/cluster";

/** Names, at the apply itself, the nodes whose own things may be lost: ids with commas. */
const DISCARD_VARIABLE = "PGDIST_DISCARD";

/**
 * Whether what only this node's server or container holds may be lost. Two keys, as for the destroy of a cluster: `discard`
 * in the environment, which is a reviewed change, and PGDIST_DISCARD at the apply.
 */
export function mayDiscard(cluster: Cluster, id: string, env: NodeJS.ProcessEnv): boolean {
  return isListed(cluster, id) && isSaid(id, env);
}

/** How to lose it on purpose, with the key that is missing. */
export function howToDiscard(cluster: Cluster, id: string, env: NodeJS.ProcessEnv): string {
  const listed = `\`discard: ["${id}"]\` in environment ${cluster.environment}`;
  const said = `${DISCARD_VARIABLE}=${[...new Set([...saidIn(env), id])].join(",")} at the apply`;
  if (isListed(cluster, id))
    return `to lose it on purpose, apply with the second key, which is missing: ${said}`;
  if (isSaid(id, env)) return `to lose it on purpose, set the second key, which is missing: ${listed}`;
  return `to lose it on purpose takes two keys: ${listed}, and ${said}`;
}

function isListed({ discard = [] }: Cluster, id: string): boolean {
  return discard.includes(id);
}

function isSaid(id: string, env: NodeJS.ProcessEnv): boolean {
  return saidIn(env).includes(id);
}

function saidIn(env: NodeJS.ProcessEnv): string[] {
  return (env[DISCARD_VARIABLE] ?? "").split(",").flatMap((id) => id.trim() || []);
}

import type { Cluster } from "../../../model/cluster";
import { EXIT, Failure } from "../../base/failure";

/** Names the environment whose cluster may be destroyed, in the process environment of the destroy itself. */
const DESTROY_VARIABLE = "PGDIST_DESTROY";

/**
 * Whether the whole cluster may be destroyed with its data. Two keys: `protected: false` in the environment, which is a
 * reviewed change, and PGDIST_DESTROY=<environment> at the destroy; an ephemeral environment needs the first one only.
 */
export function mayDestroy(cluster: Cluster, env: NodeJS.ProcessEnv): boolean {
  return !cluster.protected && (cluster.ephemeral || saysDestroy(cluster, env));
}

/** Whether whoever runs this has said, for an environment that isn't protected, that the cluster is to go. */
export function meansDestroy(cluster: Cluster, env: NodeJS.ProcessEnv): boolean {
  return !cluster.protected && saysDestroy(cluster, env);
}

function saysDestroy(cluster: Cluster, env: NodeJS.ProcessEnv): boolean {
  return env[DESTROY_VARIABLE] === cluster.environment;
}

/** @param what what would be destroyed, e.g. `server-a/coordinator stays` */
export function destroyRefused(cluster: Cluster, what: string, env: NodeJS.ProcessEnv): Failure {
  const said = env[DESTROY_VARIABLE];
  const keys = `protected is ${cluster.protected}, ${DESTROY_VARIABLE} is ${said ? `"${said}"` : "not set"}`;
  return new Failure(
    `${what} in environment ${cluster.environment}, so destroying it would lose the data (${keys})`,
    "to destroy the whole cluster with its data, set `protected: false` in the environment and run the destroy with " +
      `${DESTROY_VARIABLE}=${cluster.environment}; to remove a worker, take it out of the environment and apply`,
    { exitCode: EXIT.refused },
  );
}

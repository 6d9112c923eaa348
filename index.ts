/**
 * What other CDKTF projects use, and what stays the same from one minor version to the next. Everything else in this
 * package is its own business.
 *
 * With an environment: `new CitusStack(app, environment)` is the whole stack. By hand, in a stack of your own:
 * `DockerHost` for each server, one `CitusCoordinator`, a `CitusWorkerHost` for each server with workers. That stack
 * also declares the null provider, its backend and the password's variable, as stacks/citus-stack.ts does.
 */
export { CitusCoordinator, type CitusCoordinatorProps } from "./constructs/citus-coordinator";
export { CitusWorkerHost, type CitusWorkerHostProps } from "./constructs/citus-worker-host";
export { DockerHost, type HostParts } from "./constructs/docker-host";
export type { CitusNode } from "./constructs/citus-node";
export { CitusStack } from "./stacks/citus-stack";
export { loadEnvironments } from "./stacks/environments";
export { placeLockFile } from "./stacks/lock-file";

export type {
  AcceptedDrift,
  Backend,
  CoordinatorOptions,
  DockerHostOptions,
  Environment,
  NodeOptions,
  Settings,
  WorkerOptions,
} from "./model/environment";
export {
  type Cluster,
  type ClusterHost,
  type ClusterNode,
  type ClusterOptions,
  DEFAULT_IMAGE,
  DEFAULT_SETTINGS,
  DEFAULT_SSH_OPTIONS,
  type Endpoint,
  describeCluster,
  formatEndpoint,
} from "./model/cluster";
export { type Problem, findConflicts, findProblems } from "./model/validation/validation";

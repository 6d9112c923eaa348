import { Construct } from "constructs";
import { describeOptions, describeWorkers } from "../model/cluster";
import type { WorkerOptions } from "../model/environment";
import type { CitusCoordinator } from "./citus-coordinator";
import { CitusNode } from "./citus-node";
import type { DockerHost } from "./docker-host";

export interface CitusWorkerHostProps {
  /** The Docker host that carries the workers; it may be the coordinator's. */
  readonly host: DockerHost;
  /** The coordinator of the cluster that they join. */
  readonly coordinator: CitusCoordinator;
  /** A count (`worker1`, `worker2`, ...), or workers by name, of which the first may leave while the second stays. */
  readonly workers: number | Readonly<Record<string, WorkerOptions>>;
}

/** The workers of one Docker host. */
export class CitusWorkerHost extends Construct {
  readonly host: DockerHost;
  readonly workers: CitusWorkerHostProps["workers"];
  readonly servers: readonly CitusNode[];

  constructor(scope: Construct, id: string, props: CitusWorkerHostProps) {
    super(scope, id);
    const { host, coordinator, workers } = props;
    const { password, program } = coordinator;
    this.host = host;
    this.workers = workers;
    const cluster = describeOptions(coordinator.options);
    this.servers = describeWorkers(
      coordinator.options,
      host.node.id,
      host.options,
      workers,
      coordinator.description,
    ).map(
      (description) =>
        new CitusNode(this, description.name, { host, cluster, description, password, program }),
    );
    coordinator.addWorkerHost(this);
  }
}

import { TerraformStack } from "cdktf";
import { Construct, type Node } from "constructs";
import {
  type Cluster,
  type ClusterNode,
  type ClusterOptions,
  describeCoordinator,
  describeOptions,
} from "../model/cluster";
import type { CoordinatorOptions, Environment, WorkerOptions } from "../model/environment";
import { STEP } from "../model/contract/terraform-address";
import { CitusNode } from "./citus-node";
import type { DockerHost } from "./docker-host";
import { validateEnvironment } from "./environment-validation";
import { Guard } from "./guard";
import { Membership } from "./membership";
import { Program } from "./program";
import { Registration } from "./registration";

/** The cluster's common options, of which only `environment` has no default, and the coordinator's own. */
export interface CitusCoordinatorProps extends ClusterOptions {
  /** The Docker host that carries it. */
  readonly host: DockerHost;
  /** Its port, limits and start-up settings. @default {} - port 5432, otherwise as all nodes */
  readonly coordinator?: Omit<CoordinatorOptions, "host">;
  /**
   * Password of the superuser on every node at its first start: a sensitive Terraform value, never a literal. The
   * program that registers the nodes reads it from TF_VAR_postgres_password or PGPASSWORD of its process.
   */
  readonly password: string;
}

/** The workers of one Docker host, as a coordinator has to know them: a `CitusWorkerHost`. */
interface WorkerHost {
  readonly node: Node;
  readonly host: DockerHost;
  readonly workers: number | Readonly<Record<string, WorkerOptions>>;
  readonly servers: readonly CitusNode[];
}

/**
 * The coordinator of a Citus cluster, and the three steps that keep its membership safe: the nodes of every
 * `CitusWorkerHost` that names it are registered once their containers are healthy (`Registration`), drained and
 * removed before one of their containers goes (`Membership`), and never replaced all at once unasked (`Guard`).
 *
 * One per stack: Terraform can drain before it destroys only within one graph.
 */
export class CitusCoordinator extends Construct {
  /** @internal for its worker hosts */
  readonly options: ClusterOptions;
  /** @internal for its worker hosts */
  readonly password: string;
  /** The coordinator's own container and volumes. */
  readonly server: CitusNode;
  /** @internal what Terraform runs for the nodes of this cluster */
  readonly program: Program;
  private readonly props: CitusCoordinatorProps;
  private readonly workerHosts: WorkerHost[] = [];

  constructor(scope: Construct, id: string, props: CitusCoordinatorProps) {
    super(scope, id);
    this.props = props;
    const { host, password, coordinator = {}, ...options } = props;
    this.options = options;
    this.password = password;
    validateEnvironment(this, () => this.environment);
    this.node.addValidation({
      validate: () =>
        [...this.repeatedHosts(), ...this.otherCoordinators()].map(
          (each) => `${options.environment}: ${each}`,
        ),
    });

    const cluster = describeOptions(options);
    const program = (this.program = new Program(this, "program", () => this.cluster));
    this.server = new CitusNode(this, "server", {
      host,
      cluster,
      description: describeCoordinator(options, host.node.id, host.options, coordinator),
      password,
      program,
      keepVolume: cluster.protected,
    });
    const nodes = () => this.nodes;
    const membership = new Membership(this, STEP.membership, program, nodes);
    new Registration(this, STEP.registration, program, membership, options, nodes);
    new Guard(this, STEP.guard, program, options, nodes);
  }

  /** The cluster as the constructs of this stack declare it. */
  get cluster(): Cluster {
    const carriers = [this.props.host, ...this.workerHosts.map(({ host }) => host)];
    const hosts = new Map(carriers.map(({ description }) => [description.id, description]));
    return {
      ...describeOptions(this.options),
      hosts: [...hosts.values()],
      nodes: this.nodes.map(({ description }) => description),
    };
  }

  /** The coordinator first. */
  private get nodes(): readonly CitusNode[] {
    return [this.server, ...this.workerHosts.flatMap(({ servers }) => servers)];
  }

  get description(): ClusterNode {
    return this.server.description;
  }

  /** @internal called by a `CitusWorkerHost` that belongs to this coordinator */
  addWorkerHost(workerHost: WorkerHost): void {
    this.workerHosts.push(workerHost);
  }

  /** What the constructs add up to, in the words of an environment file, so that one validation serves both. */
  private get environment(): Environment {
    const { host, coordinator = {} } = this.props;
    const { environment, ...options } = this.options;
    const hosts = [host, ...this.workerHosts.map((workerHost) => workerHost.host)];
    return {
      ...options,
      name: environment,
      hosts: Object.fromEntries(hosts.map((each) => [each.node.id, each.options])),
      coordinator: { host: host.node.id, ...coordinator },
      workers: Object.fromEntries(this.workerHosts.map(({ host: { node }, workers }) => [node.id, workers])),
    };
  }

  /** In an environment a host stands once, by its id: of two entries, the nodes of one would be forgotten. */
  private repeatedHosts(): string[] {
    const hosts = new Map([[this.props.host.node.id, this.props.host]]);
    const carriers = new Map<string, WorkerHost>();
    return this.workerHosts.flatMap((workerHost) => {
      const { host } = workerHost;
      const { id, path } = host.node;
      const known = hosts.get(id) ?? host;
      hosts.set(id, known);
      if (known !== host) {
        return [
          `hosts.${id}: "${id}" is the id of two Docker hosts, ${known.node.path} and ${path}: give one another`,
        ];
      }
      const other = carriers.get(id);
      carriers.set(id, other ?? workerHost);
      if (other === undefined) return [];
      return [
        `workers.${id}: Docker host "${id}" has two CitusWorkerHosts, ${other.node.path} and ${workerHost.node.path}: ` +
          "give one of them all of its workers",
      ];
    });
  }

  /** Their steps have the same Terraform addresses, so that only the last one's would be there. */
  private otherCoordinators(): string[] {
    const stack = TerraformStack.of(this);
    const [first, ...others] = stack.node.findAll().filter((each) => each instanceof CitusCoordinator);
    if (first !== this || others.length === 0) return [];
    const paths = [first, ...others].map(({ node }) => node.path).join(", ");
    return [
      `coordinator: stack ${stack.node.path} has ${others.length + 1} of them, ${paths}: give each a stack of its own`,
    ];
  }
}

import { NullProvider } from "@cdktf/provider-null/lib/provider";
import { TerraformOutput, TerraformStack, TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { CitusCoordinator } from "../constructs/citus-coordinator";
import { CitusWorkerHost } from "../constructs/citus-worker-host";
import { DockerHost } from "../constructs/docker-host";
import { validateEnvironment } from "../constructs/environment-validation";
import { escapeTemplate } from "../constructs/escape-template";
import { pinAddress } from "../constructs/terraform-address";
import { type ClusterNode, formatEndpoint } from "../model/cluster";
import type { Environment } from "../model/environment";
import { findProblems } from "../model/validation/validation";
import { createBackend } from "./backend";
import { placeLockFile } from "./lock-file";
import { refuseRedirections } from "./redirections";
import { placeUploadIgnore } from "./upload-ignore";

/** An environment as one Terraform stack of the same name: its Docker hosts, coordinator and workers, state and outputs. */
export class CitusStack extends TerraformStack {
  constructor(scope: Construct, environment: Environment) {
    super(scope, stackId(scope, environment));
    validateEnvironment(this, () => environment);
    // What is wrong is reported at synth, for all environments together; until then there is nothing sound to declare.
    if (findProblems(environment).length > 0) return;

    createBackend(this, environment);
    refuseRedirections(this, environment);
    placeLockFile(this);
    placeUploadIgnore(this, environment);
    new NullProvider(this, "null");
    const {
      hosts,
      coordinator: coordinatorOptions,
      workers,
      backend: _backend,
      acceptedDrift: _acceptedDrift,
      name,
      ...options
    } = environment;
    const { host: coordinatorHost, ...own } = coordinatorOptions;
    // In scopes of their own: their ids are the user's, who may well call a host "coordinator" or "backend".
    const hostScope = new Construct(this, "docker-hosts");
    const workerScope = new Construct(this, "worker-hosts");
    const dockerHosts = new Map(
      Object.entries(hosts).map(([id, host]) => [id, new DockerHost(hostScope, id, host)]),
    );
    const coordinator = new CitusCoordinator(this, "coordinator", {
      ...options,
      environment: name,
      host: get(dockerHosts, coordinatorHost),
      password: this.createPassword().stringValue,
      coordinator: own,
    });
    if ((environment.roles ?? []).length > 0) this.createRolePasswords(environment.roles ?? []);
    for (const [id, entry] of Object.entries(workers ?? {})) {
      new CitusWorkerHost(workerScope, id, { host: get(dockerHosts, id), coordinator, workers: entry });
    }
    this.createOutputs(coordinator);
  }

  private createPassword(): TerraformVariable {
    const variable = new TerraformVariable(this, "postgres_password", {
      type: "string",
      sensitive: true,
      description: "Password of PostgreSQL's superuser on every node",
      // An empty default with a validation is an error where it is missing; without a default Terraform would prompt.
      default: "",
    });
    variable.addValidation({
      condition: "${length(var.postgres_password) > 0}",
      errorMessage: "The superuser's password is missing: set TF_VAR_postgres_password in the environment.",
    });
    return variable;
  }

  /**
   * Text and not a map: Terraform takes a map's text for an expression of its own, in which `${` begins a template, and the
   * program that stores them reads the same variable of the process.
   */
  private createRolePasswords(roles: readonly string[]): void {
    const variable = new TerraformVariable(this, "role_passwords", {
      type: "string",
      sensitive: true,
      description: "Passwords of the roles that the environment names, as JSON: role to password",
      default: "",
    });
    const names = roles.map((role) => escapeTemplate(JSON.stringify(role))).join(", ");
    const given =
      "[for role, password in jsondecode(var.role_passwords) : role if try(length(password) > 0, false)]";
    variable.addValidation({
      condition: `\${try(length(setsubtract(toset([${names}]), toset(${given}))) == 0, false)}`,
      errorMessage: `Passwords of roles are missing: set TF_VAR_role_passwords to JSON with each of ${escapeTemplate(roles.join(", "))}, role to password.`,
    });
  }

  private createOutputs(coordinator: CitusCoordinator): void {
    const { user, database, nodes } = coordinator.cluster;
    const clients = clientEndpoint(coordinator.description);
    const workers = nodes.filter(({ role }) => role === "worker");
    const outputs = {
      connection_string: `postgres://${encodeURIComponent(user)}@${clients}/${encodeURIComponent(database)}`,
      coordinator_endpoint: clients,
      worker_endpoints: Object.fromEntries(workers.map(({ id, endpoint }) => [id, formatEndpoint(endpoint)])),
    };
    for (const [name, value] of Object.entries(outputs)) {
      pinAddress(new TerraformOutput(this, `output-${name}`, { value }), name);
    }
  }
}

/**
 * The environment's name, by which Terraform and cdktf know the stack. Where it can't be one, a stand-in that lasts until
 * synth: cdktf would throw at once, and the other problems, of other environments too, would go unreported.
 */
function stackId(scope: Construct, environment: Environment): string {
  const name: unknown = Object(environment).name;
  const usable = typeof name === "string" && /^[^\s/]+$/.test(name);
  // Only a second environment of that name is reported by validation; for anything else constructs says it.
  const taken = usable && scope.node.tryFindChild(name) instanceof CitusStack;
  return usable && !taken ? name : `refused-${scope.node.children.length}`;
}

/** Where clients connect: the registered endpoint, or loopback where the nodes have no address for others. */
function clientEndpoint({ endpoint, published, container }: ClusterNode): string {
  const reachable = endpoint.host === container && published !== undefined;
  return formatEndpoint(reachable ? { host: published.ip, port: published.port } : endpoint);
}

function get(hosts: ReadonlyMap<string, DockerHost>, id: string): DockerHost {
  const host = hosts.get(id);
  // Validation has refused unknown ids before.
  if (host === undefined) throw new Error(`Docker host "${id}" is not declared in hosts.`);
  return host;
}

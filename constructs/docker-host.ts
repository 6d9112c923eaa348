import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { Image } from "@cdktf/provider-docker/lib/image";
import { Network } from "@cdktf/provider-docker/lib/network";
import { TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import {
  type ClusterHost,
  DEFAULT_IMAGE,
  clusterName,
  describeHost,
  sshOptionsOf,
  subnetOf,
} from "../model/cluster";
import { LABEL } from "../model/contract/labels";
import type { DockerHostOptions } from "../model/environment";
import { requireDockerProviderVersion } from "./docker-provider-version";
import { escapeTemplate } from "./escape-template";
import { pinAddress } from "./terraform-address";

/** What a cluster has once on each of its Docker hosts. */
export interface HostParts {
  readonly network: Network;
  readonly image: Image;
}

/**
 * A Docker host: the provider configuration that every resource on it names. The id of the construct is the host's id
 * in the cluster (`server-d`), in Terraform's addresses and in the nodes' ids.
 */
export class DockerHost extends Construct {
  readonly options: DockerHostOptions;
  readonly provider: DockerProvider;
  readonly description: ClusterHost;
  private readonly parts = new Map<string, HostParts>();

  constructor(scope: Construct, id: string, options: DockerHostOptions) {
    super(scope, id);
    this.options = options;
    this.description = describeHost(id, options);
    requireDockerProviderVersion(this);
    this.provider = new DockerProvider(this, "provider", {
      alias: id,
      host: escapeTemplate(options.connection),
      sshOpts: options.connection.startsWith("ssh://")
        ? sshOptionsOf(this.description).map(escapeTemplate)
        : undefined,
      // DOCKER_CONTEXT and DOCKER_CERT_* of whoever runs Terraform would send every host's resources to one engine.
      context: "",
      certPath: "",
      ...this.tlsMaterial(options.tls),
    });
  }

  /**
   * Network and image of a cluster on this host, made at the first call: the coordinator and the workers of one host
   * share them.
   */
  partsOf(cluster: { readonly cluster?: string; readonly image?: string }): HostParts {
    const name = clusterName(cluster);
    const existing = this.parts.get(name);
    if (existing !== undefined) return existing;
    const network = new Network(this, "network", {
      provider: this.provider,
      name,
      driver: "bridge",
      ipamConfig: [{ subnet: subnetOf(name, this.options) }],
      labels: [{ label: LABEL.cluster, value: name }],
      // Another subnet would replace the network under the containers that are on it, which the engine refuses.
      lifecycle: { ignoreChanges: ["ipam_config"] },
    });
    // Kept at a destroy: pulling it again is slow, and other containers may use it.
    const image = new Image(this, "image", {
      provider: this.provider,
      name: cluster.image ?? DEFAULT_IMAGE,
      keepLocally: true,
    });
    pinAddress(network, this.node.id);
    pinAddress(image, this.node.id);
    const parts = { network, image };
    this.parts.set(name, parts);
    return parts;
  }

  private tlsMaterial(prefix: string | undefined): {
    caMaterial: string;
    certMaterial: string;
    keyMaterial: string;
  } {
    if (prefix === undefined) return { caMaterial: "", certMaterial: "", keyMaterial: "" };
    return {
      caMaterial: this.tlsVariable(
        `${prefix}_ca`,
        "PEM of the authority that signed the Docker hosts' certificates",
      ),
      certMaterial: this.tlsVariable(`${prefix}_cert`, "PEM of the client certificate for the Docker hosts"),
      keyMaterial: this.tlsVariable(`${prefix}_key`, "PEM of the client certificate's key"),
    };
  }

  /** One variable per name for all hosts of a scope: several usually share a client certificate. */
  private tlsVariable(name: string, description: string): string {
    const scope = this.node.scope ?? this;
    const existing = scope.node.tryFindChild(name);
    if (existing instanceof TerraformVariable) return existing.stringValue;
    const variable = new TerraformVariable(scope, name, {
      type: "string",
      sensitive: true,
      default: "",
      description,
    });
    pinAddress(variable, name);
    variable.addValidation({
      condition: `\${length(var.${name}) > 0}`,
      errorMessage: `${description}: set TF_VAR_${name}.`,
    });
    return variable.stringValue;
  }
}

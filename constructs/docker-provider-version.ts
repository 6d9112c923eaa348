import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";

/**
 * The bindings 12.0.3 pin provider 3.6.2, which deletes a stopped container while it *plans*
 * (kreuzwerker/terraform-provider-docker#590, fixed in 4.0). 4.6 replaces a container when its health check changes
 * (#989), hence the upper bound. The bindings' inputs are the same but for one that we don't use.
 */
const DOCKER_PROVIDER_VERSION = "~> 4.5.0";

export function requireDockerProviderVersion(scope: Construct): void {
  TerraformStack.of(scope).addOverride(
    "terraform.required_providers.docker.version",
    DOCKER_PROVIDER_VERSION,
  );
}

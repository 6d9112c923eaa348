import {
  App,
  CloudBackend,
  LocalBackend,
  NamedCloudWorkspace,
  TerraformBackend,
  type TerraformRemoteState,
  type TerraformStack,
} from "cdktf";
import type { Backend, Environment } from "../model/environment";
import { localStatePath } from "../model/local-state";
import { refuseLeftHosts } from "./left-hosts";
import { refuseUndrained } from "./undrained-workers";

/**
 * Every stack has an explicit backend: cdktf's implicit one writes an absolute path of this machine into the
 * synthesized JSON (hashicorp/terraform-cdk#2435).
 */
export function createBackend(stack: TerraformStack, environment: Environment): TerraformBackend {
  const backend: Backend = environment.backend ?? { type: "local" };
  switch (backend.type) {
    case "local": {
      const { outdir } = App.of(stack) as App;
      refuseLeftHosts(stack, environment, outdir);
      refuseUndrained(stack, environment, outdir);
      // Terraform runs in cdktf.out/stacks/<name>; the state must not live in there, as cdktf deletes what it replaces.
      return new LocalBackend(stack, {
        path: `../../../${localStatePath({ name: environment.name, backend })}`,
      });
    }
    case "cloud":
      return new CloudBackend(stack, {
        organization: backend.organization,
        hostname: backend.hostname,
        workspaces: new NamedCloudWorkspace(backend.workspace, backend.project),
      });
    default:
      return new ConfiguredBackend(stack, backend.type, backend.config);
  }
}

/** A backend by its name and arguments as Terraform documents them: cdktf's typed ones lag behind (S3's use_lockfile). */
class ConfiguredBackend extends TerraformBackend {
  constructor(
    stack: TerraformStack,
    type: string,
    private readonly config: Readonly<Record<string, string | number | boolean>>,
  ) {
    super(stack, "backend", type);
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { ...this.config };
  }

  override getRemoteStateDataSource(): TerraformRemoteState {
    throw new Error("References between stacks are not supported: an environment is one stack.");
  }
}

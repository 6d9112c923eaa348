import { join } from "node:path";
import { type Cluster, describeCluster } from "../model/cluster";
import { local } from "../environments/local";
import { EXIT, Failure } from "../operations/base/failure";

/** What quickstart.mjs hands over once the project's packages are there. */
export interface Context {
  /** The project's folder. */
  readonly root: string;
  /** `terraform`, `tofu` or a path, for TERRAFORM_BINARY_NAME. */
  readonly terraform: string;
  /** One line of progress. */
  readonly say: (line: string) => void;
  /** Several lines of result. */
  readonly print: (text: string) => void;
}

/** A file in the folder that isn't committed: Terraform's state, the password, the record and the logs of quickstart. */
export function stateFile(root: string, name: string): string {
  return join(root, "state", name);
}

/**
 * The socket of the engine that environments/local.ts names.
 *
 * @throws Failure when the environment has been edited to run elsewhere
 */
export function localSocket(): string {
  const connections = Object.values(local.hosts).map(({ connection }) => connection);
  const [connection] = connections;
  if (connections.length === 1 && connection?.startsWith("unix://"))
    return connection.slice("unix://".length);
  throw new Failure(
    `environments/local.ts names ${connections.join(", ") || "no Docker host"}, and quickstart is for one engine on this machine`,
    "use npx cdktf deploy local, or name one unix:// connection there",
    { exitCode: EXIT.usage },
  );
}

/** The cluster of environments/local.ts on a port and with an image that quickstart chose. */
export function localCluster(port: number, image: string): Cluster {
  return describeCluster({ ...local, coordinator: { ...local.coordinator, port }, image });
}

/** What `cdktf` gets for the environment, on top of the parts' own. */
export function environmentVariables(port: number, image: string, password: string): Record<string, string> {
  return {
    PGDIST_LOCAL_PORT: String(port),
    PGDIST_LOCAL_IMAGE: image,
    TF_VAR_postgres_password: password,
  };
}

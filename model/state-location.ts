import { posix } from "node:path";
import type { Environment } from "./environment";

type Configured = Exclude<Environment["backend"], undefined | { type: "local" } | { type: "cloud" }>;

/**
 * The arguments that say where a backend keeps the state; the others say how it gets there. Of Kubernetes, a kubeconfig
 * and its context often are all that tells one cluster from another.
 */
const PLACE: Readonly<Record<Configured["type"], readonly string[]>> = {
  s3: ["bucket", "key", "endpoint"],
  gcs: ["bucket", "prefix"],
  azurerm: ["storage_account_name", "container_name", "key"],
  http: ["address"],
  pg: ["conn_str", "schema_name"],
  consul: ["address", "datacenter", "path"],
  cos: ["bucket", "prefix", "key"],
  oss: ["bucket", "prefix", "key"],
  kubernetes: [
    ...["host", "config_path", "config_context", "config_context_cluster"],
    ...["namespace", "secret_suffix"],
  ],
};

/** What Terraform takes for those that are left out: the same place as where they are written. */
const DEFAULTS: Partial<Record<Configured["type"], Readonly<Record<string, string>>>> = {
  pg: { schema_name: "terraform_remote_state" },
  cos: { key: "terraform.tfstate" },
  oss: { prefix: "env:", key: "terraform.tfstate" },
  kubernetes: { namespace: "default" },
};

/**
 * Where an environment's state is, in a form that is the same for the same place: `local state/production.tfstate`. Undefined
 * where only the process environment says it.
 */
export function stateLocation({ name, backend = { type: "local" } }: Environment): string | undefined {
  switch (backend.type) {
    case "local":
      return `local ${posix.normalize(backend.path ?? `state/${name}.tfstate`)}`;
    case "cloud": {
      const { hostname = "app.terraform.io", organization, workspace } = backend;
      return `cloud ${hostname.toLowerCase()}/${organization}/${workspace}`;
    }
    default: {
      const { type, config } = backend;
      if (PLACE[type].every((argument) => config[argument] === undefined)) return undefined;
      const place = PLACE[type].flatMap((argument) => {
        const value = config[argument] ?? DEFAULTS[type]?.[argument];
        return value === undefined ? [] : [`${argument}=${value}`];
      });
      return `${type} ${place.join(" ")}`;
    }
  }
}

import { posix } from "node:path";
import type { Environment } from "./environment";

type Configured = Exclude<Environment["backend"], undefined | { type: "local" } | { type: "cloud" }>;

/** The arguments that say where a backend keeps the state; the others say how it gets there. */
const PLACE: Readonly<Record<Configured["type"], readonly string[]>> = {
  s3: ["bucket", "key", "endpoint"],
  gcs: ["bucket", "prefix"],
  azurerm: ["storage_account_name", "container_name", "key"],
  http: ["address"],
  pg: ["conn_str", "schema_name"],
  consul: ["address", "path"],
  cos: ["bucket", "prefix", "key"],
  oss: ["bucket", "prefix", "key"],
  kubernetes: ["host", "namespace", "secret_suffix"],
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
      const place = PLACE[type].flatMap((argument) =>
        config[argument] === undefined ? [] : [`${argument}=${config[argument]}`],
      );
      return place.length === 0 ? undefined : `${type} ${place.join(" ")}`;
    }
  }
}

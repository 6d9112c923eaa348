import { readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { containerResource } from "./container";
import type { DockerAddress } from "./docker-connection";
import { DockerClient } from "./docker-client";
import { imageResource } from "./image";
import { networkResource } from "./network";
import { entries, type Provider } from "./provider";
import { registryHost, type RegistryAuth } from "./registry";
import { optional, required, STRINGS, type Schema } from "./schema";
import { Unknown, type State, type Value } from "./wire";
import { volumeResource } from "./volume";

const CONFIG_FILE_REFUSED =
  "it reads no Docker configuration files; give username and password, or auth_disabled";

const schema: Schema = {
  version: 0,
  attributes: {
    host: optional("string"),
    context: optional("string"),
    ssh_opts: optional(STRINGS.list),
    ca_material: optional("string"),
    cert_material: optional("string"),
    key_material: optional("string"),
    cert_path: optional("string"),
    disable_docker_daemon_check: optional("bool"),
  },
  blocks: {
    registry_auth: {
      nesting: "set",
      attributes: {
        address: required("string"),
        username: optional("string"),
        password: optional("string", { sensitive: true }),
        config_file: { ...optional("string"), refused: CONFIG_FILE_REFUSED },
        config_file_content: { ...optional("string"), refused: CONFIG_FILE_REFUSED },
        auth_disabled: optional("bool"),
      },
    },
  },
};

/** The engine's address in a Docker context; like the real provider it takes the host only, no certificates. */
function contextHost(name: string): string {
  const contexts = path.join(homedir(), ".docker", "contexts", "meta");
  for (const directory of readdirSync(contexts)) {
    const meta = JSON.parse(readFileSync(path.join(contexts, directory, "meta.json"), "utf8")) as {
      Name: string;
      Endpoints: { docker?: { Host: string } };
    };
    if (meta.Name === name && meta.Endpoints.docker) return meta.Endpoints.docker.Host;
  }
  throw new Error(`Error loading Docker context '${name}': there is none of this name in ${contexts}.`);
}

function registryAuths(blocks: State[]): Map<string, RegistryAuth> {
  return new Map(
    blocks.map((block) => {
      const host = registryHost(String(block.address));
      if (block.auth_disabled === true)
        return [host, { username: "anonymous", password: "anonymous", serveraddress: host }];
      if (!block.username)
        throw new Error(`The registry_auth block for ${host} has no username: ${CONFIG_FILE_REFUSED}.`);
      const auth = {
        username: String(block.username),
        password: String(block.password ?? ""),
        serveraddress: host,
      };
      return [host, auth];
    }),
  );
}

/** Reads a provider configuration. An argument that is absent (not: empty) comes from the environment. */
function configure(config: State): DockerClient {
  const fromEnvironment = (value: Value | undefined, variable: string) =>
    value === null || value === undefined || value instanceof Unknown
      ? (process.env[variable] ?? "")
      : String(value);
  const context = fromEnvironment(config.context, "DOCKER_CONTEXT");
  const sshOpts = config.ssh_opts as string[] | null;
  const address: DockerAddress = {
    host: context
      ? contextHost(context)
      : fromEnvironment(config.host, "DOCKER_HOST") || "unix:///var/run/docker.sock",
    sshOpts: sshOpts ?? process.env.DOCKER_SSH_OPTS?.split(/\s+/).filter(Boolean) ?? [],
    ca: fromEnvironment(config.ca_material, "DOCKER_CA_MATERIAL"),
    cert: fromEnvironment(config.cert_material, "DOCKER_CERT_MATERIAL"),
    key: fromEnvironment(config.key_material, "DOCKER_KEY_MATERIAL"),
    certPath: fromEnvironment(config.cert_path, "DOCKER_CERT_PATH"),
  };
  const registries = registryAuths(entries(config.registry_auth));
  return new DockerClient(address, registries, config.disable_docker_daemon_check !== true);
}

/** kreuzwerker/docker as far as the constructs need it. */
export const dockerProvider: Provider<DockerClient> = {
  source: "registry.terraform.io/kreuzwerker/docker",
  schema,
  configure,
  resources: {
    docker_container: containerResource,
    docker_volume: volumeResource,
    docker_network: networkResource,
    docker_image: imageResource,
  },
};

import type { DockerEngine } from "./docker-api";

/** Credentials for a registry, in the form of the engine's X-Registry-Auth header. */
export interface RegistryAuth {
  username: string;
  password: string;
  serveraddress: string;
}

const DOCKER_HUB = "docker.io";
const DOCKER_HUB_NAMES = new Set([
  DOCKER_HUB,
  "index.docker.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
]);

/** The host (and port) of a registry's address; the several names of Docker Hub are one. */
export function registryHost(address: string): string {
  const host = address.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  return DOCKER_HUB_NAMES.has(host) ? DOCKER_HUB : host;
}

function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  const namesRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return namesRegistry ? registryHost(first) : DOCKER_HUB;
}

/** An image as the engine describes it. */
export interface Image {
  Id: string;
  RepoDigests: string[] | null;
}

export function inspectImage(engine: DockerEngine, name: string): Promise<Image | undefined> {
  return engine.find<Image>(`/images/${encodeURI(name)}/json`);
}

/**
 * The image of that name on the engine's host. Only an image that isn't there is pulled.
 * @throws with the engine's or the registry's message when it can't be had.
 */
export async function findImage(
  engine: DockerEngine,
  name: string,
  registries: Map<string, RegistryAuth>,
  platform = "",
): Promise<Image> {
  const local = await inspectImage(engine, name);
  if (local) return local;
  let progress: string;
  try {
    progress = await pull(engine, name, registries.get(registryOf(name)), platform);
  } catch (error) {
    throw new Error(`unable to pull image ${name}: ${(error as Error).message}`, { cause: error });
  }
  const pulled = await inspectImage(engine, name);
  if (!pulled) throw new Error(`unable to find or pull image ${name}\n${progress.trim()}`);
  return pulled;
}

function pull(
  engine: DockerEngine,
  name: string,
  auth: RegistryAuth | undefined,
  platform: string,
): Promise<string> {
  const [nameAndTag = "", digest] = name.split("@");
  const colon = nameAndTag.indexOf(":", nameAndTag.lastIndexOf("/"));
  const repository = colon < 0 ? nameAndTag : nameAndTag.slice(0, colon);
  const tag = digest ?? (colon < 0 ? "latest" : nameAndTag.slice(colon + 1));
  return engine.text("POST", "/images/create", {
    query: { fromImage: repository, tag, ...(platform ? { platform } : {}) },
    headers: { "x-registry-auth": Buffer.from(JSON.stringify(auth ?? {})).toString("base64url") },
  });
}

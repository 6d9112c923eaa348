import { homedir } from "node:os";
import { runChild } from "../../base/child-process";
import { sshArguments } from "../ssh";
import type { Engine } from "./engine";

/** How long the server's shell, or a credential helper, may take. In milliseconds. */
const ASK_MS = 30_000;

/** Where `docker login` stores what it was told. */
const READ_CONFIG = 'cat "${DOCKER_CONFIG:-$HOME/.docker}/config.json"';

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string }>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

/**
 * The value of X-Registry-Auth for an image: what `docker login` stored on the server of an ssh connection, for the others on
 * this machine. It stays in memory.
 *
 * @param image its name without a tag
 * @returns undefined where nothing is stored, or it can't be read: the registry then says whether it needs it
 */
export async function registryAuth(engine: Engine, image: string): Promise<string | undefined> {
  try {
    const config = JSON.parse(await shell(engine, READ_CONFIG)) as DockerConfig;
    const server = registryOf(image);
    const helper = config.credHelpers?.[server] ?? config.credsStore;
    const stored =
      helper === undefined || !/^[\w.-]+$/.test(helper)
        ? decode(config.auths?.[server]?.auth)
        : askedOf(await shell(engine, `docker-credential-${helper} get`, server));
    if (stored === undefined) return undefined;
    return Buffer.from(JSON.stringify({ ...stored, serveraddress: server })).toString("base64url");
  } catch {
    return undefined;
  }
}

/** The first part of a name is a registry where it looks like a host; Docker Hub has an address of its own in the file. */
function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return isHost && first !== "docker.io" ? first : "https://index.docker.io/v1/";
}

/** Where the docker command would run. */
async function shell({ host, caller }: Engine, script: string, input?: string): Promise<string> {
  const [command, args] = host.connection.startsWith("ssh://")
    ? ["ssh", [...sshArguments(host, []), script]]
    : ["sh", ["-c", script]];
  const options = { env: { HOME: homedir(), ...caller.env }, timeout: ASK_MS, input };
  const { code, stdout } = await runChild(command as string, args as string[], options);
  if (code !== 0) throw new Error("nothing is stored");
  return stdout;
}

function decode(auth: string | undefined): object | undefined {
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(auth ?? "", "base64").toString()) ?? [];
  return username === undefined ? undefined : { username, password };
}

/** A helper gives a token under this name. */
function askedOf(json: string): object {
  const { Username, Secret } = JSON.parse(json) as { readonly Username: string; readonly Secret: string };
  return Username === "<token>" ? { identitytoken: Secret } : { username: Username, password: Secret };
}

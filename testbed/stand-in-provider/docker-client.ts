import { DockerEngine } from "./docker-api";
import type { DockerAddress } from "./docker-connection";
import type { RegistryAuth } from "./registry";

/** A configured provider: one Docker engine, first spoken to when a resource needs it. */
export class DockerClient {
  #engine: Promise<DockerEngine> | undefined;

  constructor(
    readonly address: DockerAddress,
    readonly registries: Map<string, RegistryAuth>,
    readonly check: boolean,
  ) {}

  /** The engine. Every resource operation fails while it can't be reached. */
  engine(): Promise<DockerEngine> {
    this.#engine ??= DockerEngine.connect(this.address, this.check).catch((error: Error) => {
      this.#engine = undefined;
      throw new Error(`failed to create Docker client: ${error.message}`, { cause: error });
    });
    return this.#engine;
  }
}

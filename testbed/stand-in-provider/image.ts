import { refresh, resolve } from "./compare";
import type { DockerClient } from "./docker-client";
import type { Resource } from "./provider";
import { findImage, inspectImage, type Image } from "./registry";
import {
  computed,
  FORCE_NEW,
  optional,
  refused,
  required,
  STRINGS,
  withDefault,
  type Schema,
} from "./schema";
import { timeoutsBlock, withTimeout } from "./timeouts";
import type { State } from "./wire";

const schema: Schema = {
  version: 0,
  attributes: {
    id: computed("string"),
    name: required("string", FORCE_NEW),
    image_id: computed("string"),
    repo_digest: computed("string"),
    keep_locally: optional("bool"),
    force_remove: optional("bool"),
    pull_triggers: optional(STRINGS.set, FORCE_NEW),
    triggers: optional(STRINGS.map, FORCE_NEW),
    platform: withDefault("string", "", FORCE_NEW),
    build: refused("it builds no images"),
  },
  blocks: { timeouts: timeoutsBlock },
};

function fromApi(image: Image, name: string): State {
  const digests = image.RepoDigests ?? [];
  const repository = name.split("@")[0]?.replace(/:[^/:]*$/, "");
  const own = digests.find((digest) => digest.startsWith(`${repository}@`));
  return { id: `${image.Id}${name}`, image_id: image.Id, repo_digest: own ?? digests[0] ?? "" };
}

/** docker_image. An image that is on the host already is never pulled; its id follows whatever the name points to. */
export const imageResource: Resource<DockerClient> = {
  schema,
  importable: false,

  async create(client, planned) {
    const name = String(planned.name);
    const engine = withTimeout(await client.engine(), planned, "create");
    try {
      const image = await findImage(engine, name, client.registries, String(planned.platform));
      return resolve(planned, fromApi(image, name)) as State;
    } catch (error) {
      throw new Error(`Unable to read Docker image into resource: ${(error as Error).message}`, {
        cause: error,
      });
    }
  },

  async read(client, state) {
    const image = await inspectImage(await client.engine(), String(state.name));
    return image ? refresh(schema, state, fromApi(image, String(state.name))) : null;
  },

  update: async (_client, _prior, planned) => planned,

  async delete(client, state) {
    if (state.keep_locally === true) return;
    const engine = withTimeout(await client.engine(), state, "delete");
    const name = String(state.name);
    if (!(await inspectImage(engine, name))) return;
    try {
      const query = { force: state.force_remove === true, noprune: true };
      await engine.request("DELETE", `/images/${encodeURI(name)}`, { query });
    } catch (error) {
      throw new Error(`Unable to remove Docker image: ${(error as Error).message}`, { cause: error });
    }
  },
};

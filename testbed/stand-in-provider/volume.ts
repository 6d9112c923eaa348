import { setTimeout as sleep } from "node:timers/promises";
import { refresh, resolve } from "./compare";
import { labelsFromApi, labelsToApi } from "./labels";
import type { DockerClient } from "./docker-client";
import type { Resource } from "./provider";
import { computed, FORCE_NEW, labelsBlock, optional, optionalComputed, STRINGS, type Schema } from "./schema";
import type { State } from "./wire";

/** How long a volume that is still in use is waited for, as in the real provider. */
const IN_USE_MS = 30_000;
const POLL_MS = 500;

const schema: Schema = {
  version: 1,
  attributes: {
    id: computed("string"),
    name: optionalComputed("string", FORCE_NEW),
    driver: optionalComputed("string", FORCE_NEW),
    driver_opts: optional(STRINGS.map, FORCE_NEW),
    mountpoint: computed("string"),
  },
  blocks: { labels: labelsBlock(FORCE_NEW) },
};

interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  Options: Record<string, string> | null;
  Labels: Record<string, string> | null;
}

function fromApi(volume: Volume): State {
  return {
    name: volume.Name,
    driver: volume.Driver,
    driver_opts: volume.Options ?? {},
    mountpoint: volume.Mountpoint,
    labels: labelsFromApi(volume.Labels),
  };
}

async function inspect(client: DockerClient, id: string): Promise<State | undefined> {
  const volume = await (await client.engine()).find<Volume>(`/volumes/${encodeURIComponent(id)}`);
  return volume && fromApi(volume);
}

/** docker_volume. Creating one that exists adopts it as it is; destroying it deletes its data. */
export const volumeResource: Resource<DockerClient> = {
  schema,
  importable: true,

  async create(client, planned) {
    const engine = await client.engine();
    const known = resolve(planned, null) as State;
    const volume = await engine.request<Volume>("POST", "/volumes/create", {
      body: {
        Name: known.name ?? "",
        Driver: known.driver ?? "",
        DriverOpts: known.driver_opts ?? {},
        Labels: labelsToApi(planned.labels),
      },
    });
    return resolve(planned, { id: volume.Name, ...(await inspect(client, volume.Name)) }) as State;
  },

  async read(client, state) {
    const actual = await inspect(client, String(state.id));
    return actual ? refresh(schema, state, actual) : null;
  },

  update: async (_client, _prior, planned) => planned,

  async delete(client, state) {
    const engine = await client.engine();
    const giveUp = Date.now() + IN_USE_MS;
    for (;;) {
      try {
        return await engine.request("DELETE", `/volumes/${encodeURIComponent(String(state.id))}`, {
          query: { force: true },
        });
      } catch (error) {
        if (!(error as Error).message.includes("volume is in use") || Date.now() > giveUp) throw error;
        await sleep(POLL_MS);
      }
    }
  },
};

import { randomInt } from "node:crypto";
import type { Provider } from "./provider";
import { computed, optional, FORCE_NEW, STRINGS } from "./schema";
import type { State } from "./wire";

/** hashicorp/null: a resource without an object behind it. Its provisioners are Terraform's own business. */
export const nullProvider: Provider<null> = {
  source: "registry.terraform.io/hashicorp/null",
  schema: { version: 0, attributes: {}, blocks: {} },
  configure: () => null,
  resources: {
    null_resource: {
      schema: {
        version: 0,
        attributes: { id: computed("string"), triggers: optional(STRINGS.map, FORCE_NEW) },
        blocks: {},
      },
      create: async (_client, planned): Promise<State> => ({ ...planned, id: String(randomInt(2 ** 47)) }),
      read: async (_client, state) => state,
      update: async (_client, _prior, planned) => planned,
      delete: async () => undefined,
      importable: false,
    },
  },
};

import path from "node:path";
import {
  Server,
  ServerCredentials,
  loadPackageDefinition,
  type GrpcObject,
  type ServiceClientConstructor,
  type ServerUnaryCall,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { configurationProblems, planChange } from "./plan";
import type { Provider, Resource } from "./provider";
import { blockMessage, conform, type Schema } from "./schema";
import { fromDynamicValue, toDynamicValue, withoutUnknowns, type DynamicValue, type State } from "./wire";

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

interface Request {
  type_name: string;
  id: string;
  config: DynamicValue | null;
  current_state: DynamicValue | null;
  prior_state: DynamicValue | null;
  planned_state: DynamicValue | null;
  proposed_new_state: DynamicValue | null;
  raw_state: { json: Uint8Array } | null;
}

interface Diagnostic {
  severity: "ERROR";
  summary: string;
  detail: string;
}

/** Terraform shows the first line as the error's headline and the rest below it. */
function diagnostic(message: string): Diagnostic {
  const [summary = "", ...detail] = message.split("\n");
  return { severity: "ERROR", summary, detail: detail.join("\n") };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function schemaMessage(schema: Schema): object {
  return { version: schema.version, block: blockMessage(schema) };
}

function read(schema: Schema, value: DynamicValue | null): State | null {
  const decoded = fromDynamicValue(value);
  return decoded === null ? null : conform(schema, decoded as State);
}

/**
 * The methods of the plug-in protocol for one provider. Terraform opens a connection of its own for every provider
 * configuration (alias) and walk of its graph, and configures each: the client's address tells them apart.
 */
function methods<Client>(provider: Provider<Client>) {
  const clients = new Map<string, { client: Client }>();

  const resourceOf = (request: Request): Resource<Client> => {
    const resource = provider.resources[request.type_name];
    if (!resource) throw new Error(`The stand-in provider has no resource type "${request.type_name}".`);
    return resource;
  };
  const clientOf = (peer: string): Client => {
    const configured = clients.get(peer);
    if (!configured)
      throw new Error("The stand-in provider lost its configuration: Terraform reconnected. Run again.");
    return configured.client;
  };

  return {
    GetProviderSchema: async () => ({
      provider: schemaMessage(provider.schema),
      resource_schemas: Object.fromEntries(
        Object.entries(provider.resources).map(([type, { schema }]) => [type, schemaMessage(schema)]),
      ),
    }),
    ValidateProviderConfig: async (request: Request) => {
      const config = read(provider.schema, request.config) ?? {};
      return { diagnostics: configurationProblems("provider", provider.schema, config).map(diagnostic) };
    },
    ConfigureProvider: async (request: Request, peer: string) => {
      clients.set(peer, { client: provider.configure(read(provider.schema, request.config) ?? {}) });
      return {};
    },
    ValidateResourceConfig: async (request: Request) => {
      const { schema, problems } = resourceOf(request);
      const config = read(schema, request.config) ?? {};
      const found = [
        ...configurationProblems(request.type_name, schema, config),
        ...(problems?.(config) ?? []),
      ];
      return { diagnostics: found.map(diagnostic) };
    },
    UpgradeResourceState: async (request: Request) => {
      const stored = JSON.parse(Buffer.from(request.raw_state?.json ?? []).toString()) as State;
      return { upgraded_state: toDynamicValue(conform(resourceOf(request).schema, stored)) };
    },
    ReadResource: async (request: Request, peer: string) => {
      const resource = resourceOf(request);
      const state = read(resource.schema, request.current_state);
      return { new_state: toDynamicValue(state && (await resource.read(clientOf(peer), state))) };
    },
    PlanResourceChange: async (request: Request, peer: string) => {
      clientOf(peer);
      const { schema } = resourceOf(request);
      const proposed = read(schema, request.proposed_new_state);
      if (!proposed) return { planned_state: toDynamicValue(null) };
      const config = read(schema, request.config) ?? {};
      const plan = planChange(schema, read(schema, request.prior_state), config, proposed);
      return {
        planned_state: toDynamicValue(plan.planned),
        requires_replace: plan.requiresReplace.map((name) => ({ steps: [{ attribute_name: name }] })),
      };
    },
    ApplyResourceChange: async (request: Request, peer: string) => {
      const resource = resourceOf(request);
      const prior = read(resource.schema, request.prior_state);
      const planned = read(resource.schema, request.planned_state);
      // What Terraform keeps if an error follows: nothing for a failed creation, else the object as it was or was planned.
      let kept = planned && prior ? (withoutUnknowns(planned) as State) : prior;
      try {
        const client = clientOf(peer);
        if (!planned) {
          if (prior) await resource.delete(client, prior);
          kept = null;
        } else if (!prior) {
          kept = await resource.create(client, planned, (known) => {
            kept = withoutUnknowns({ ...planned, ...known }) as State;
          });
        } else kept = await resource.update(client, prior, planned);
        return { new_state: toDynamicValue(kept) };
      } catch (error) {
        return { new_state: toDynamicValue(kept), diagnostics: [diagnostic(message(error))] };
      }
    },
    ImportResourceState: async (request: Request) => {
      const { schema, importable } = resourceOf(request);
      if (!importable) throw new Error(`resource ${request.type_name} doesn't support import`);
      const state = conform(schema, { id: request.id });
      return { imported_resources: [{ type_name: request.type_name, state: toDynamicValue(state) }] };
    },
    StopProvider: async () => ({}),
  };
}

/** Serves a provider on a loopback port and returns the port. An error becomes a diagnostic of the answer. */
export async function serveProvider<Client>(provider: Provider<Client>): Promise<number> {
  const definition = loadSync(path.join(__dirname, "plugin-protocol.proto"), {
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: true,
  });
  const { Provider: service } = (loadPackageDefinition(definition) as { tfplugin6: GrpcObject }).tfplugin6;
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  const handlers = Object.entries(methods(provider)).map(([name, method]) => [
    name,
    (call: ServerUnaryCall<Request, object>, answer: (error: null, response: object) => void) => {
      method(call.request, call.getPeer()).then(
        (response) => answer(null, response),
        (error: unknown) => answer(null, { diagnostics: [diagnostic(message(error))] }),
      );
    },
  ]);
  server.addService((service as ServiceClientConstructor).service, Object.fromEntries(handlers));
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

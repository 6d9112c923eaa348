import type { Schema } from "./schema";
import type { State, Value } from "./wire";

/** One resource type. `Client` is what the provider's configuration became. Errors are thrown; their message is shown. */
export interface Resource<Client> {
  schema: Schema;
  /** What is wrong with a configuration beyond what the schema says. */
  problems?(config: State): string[];
  /**
   * Makes the object and returns its state. Calls `exists` as soon as there is something to destroy: with a later
   * error Terraform then keeps the object as tainted.
   */
  create(client: Client, planned: State, exists: (known: State) => void): Promise<State>;
  /** Today's state, or null when the object is gone. An imported object comes with nothing but its id. */
  read(client: Client, state: State): Promise<State | null>;
  update(client: Client, prior: State, planned: State): Promise<State>;
  delete(client: Client, state: State): Promise<void>;
  /** Whether `import` is offered, as in the real provider. */
  importable: boolean;
}

/** One Terraform provider. */
export interface Provider<Client> {
  /** Source address, with the registry's host name. */
  source: string;
  schema: Schema;
  /** What is wrong with a provider configuration beyond what the schema says. */
  configure(config: State): Client;
  resources: Record<string, Resource<Client>>;
}

/** The entries of a block list, set or single block. */
export function entries(value: Value | undefined): State[] {
  if (Array.isArray(value)) return value as State[];
  return value === null || value === undefined ? [] : [value as State];
}

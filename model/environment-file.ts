import type { Environment } from "./environment";

/** What a file of `environments/` exports, each environment once: one may stand there by its name and as the default. */
export function environmentsIn(exports: object): Environment[] {
  return [...new Set(Object.values(exports).filter(isEnvironment))];
}

function isEnvironment(value: unknown): value is Environment {
  const { name, hosts, coordinator } = Object(value) as Record<string, unknown>;
  return typeof name === "string" && typeof hosts === "object" && typeof coordinator === "object";
}

/** A file's own environment, or why it has none; neither where it exports no environment at all. */
export interface EnvironmentOfFile {
  readonly environment?: Environment;
  readonly refused?: { readonly what: string; readonly remedy: string };
}

/**
 * The environment that has its file's name. A copy whose `name` was left as it was would lead to the cluster of the first.
 *
 * @param name of the file, without .ts
 */
export function environmentOfFile(name: string, exported: readonly Environment[]): EnvironmentOfFile {
  if (exported.length === 0) return {};
  const [environment, ...more] = exported.filter((each) => each.name === name);
  if (environment === undefined) {
    const names = exported.map((each) => each.name).join(", ");
    return {
      refused: {
        what: `exports ${names} and not ${name}: it may be a copy of another cluster's`,
        remedy:
          `set \`name: "${name}"\` in it and make sure that its hosts and its cluster are ${name}'s own; or give the file ` +
          "the name of what it exports",
      },
    };
  }
  if (more.length === 0) return { environment };
  const what = `exports ${more.length + 1} environments named ${name}`;
  return { refused: { what, remedy: "keep only one of them" } };
}

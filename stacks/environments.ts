import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Environment } from "../model/environment";
import { environmentOfFile, environmentsIn } from "../model/environment-file";

/**
 * The environments of a project: what the files of a folder export, each under the file's own name. A file that exports
 * none is one that others import.
 *
 * Call it where TypeScript can be loaded, as in a `main.ts` that tsx or ts-node runs.
 *
 * @param folder with a `<name>.ts` (or `.js`) per environment
 * @throws Error with every file that exports another environment than its name says
 */
export function loadEnvironments(folder: string): Environment[] {
  const load = createRequire(join(folder, "environment.js"));
  const files = readdirSync(folder).filter((file) => /(?<!\.d|\.test)\.[jt]s$/.test(file));
  const refusals: string[] = [];
  const environments = files.sort().flatMap((file) => {
    const exported = environmentsIn(load(join(folder, file)) as object);
    const { environment, refused } = environmentOfFile(file.replace(/\.[jt]s$/, ""), exported);
    if (refused !== undefined) refusals.push(`environments/${file} ${refused.what}: ${refused.remedy}`);
    return environment === undefined ? [] : [environment];
  });
  if (refusals.length > 0) throw new Error(refusals.join("\n"));
  return environments;
}

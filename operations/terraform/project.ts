import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { Environment } from "../../model/environment";
import { environmentOfFile, environmentsIn } from "../../model/environment-file";
import { findProblems, findTwins } from "../../model/validation/validation";
import { EXIT, Failure, oneLine, moreAbove } from "../base/failure";

/** A CDKTF project: the folder with `cdktf.json`. */
export interface Project {
  readonly folder: string;
  /** The command that synthesizes it. */
  readonly app: string;
  /** Where it synthesizes to. */
  readonly output: string;
}

/** The project that `start` lies in. */
export function findProject(start = process.cwd()): Project {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    const file = join(folder, "cdktf.json");
    if (existsSync(file)) return readProject(folder, file);
    if (folder === dirname(folder)) {
      throw new Failure(
        `no cdktf.json in ${resolve(start)} or above`,
        "run it in the folder of the project that holds the environments",
        { exitCode: EXIT.usage },
      );
    }
  }
}

function readProject(folder: string, file: string): Project {
  let settings: { app?: unknown; output?: unknown };
  try {
    settings = JSON.parse(readFileSync(file, "utf8")) as typeof settings;
  } catch (error) {
    throw new Failure(`can't read ${file}: ${oneLine(error)}`, "repair it", { cause: error });
  }
  if (typeof settings.app !== "string") {
    throw new Failure(`${file} has no "app"`, "name the command that synthesizes the stacks there");
  }
  const output = typeof settings.output === "string" ? settings.output : "cdktf.out";
  return { folder, app: settings.app, output: resolve(folder, output) };
}

/**
 * The environment that `environments/<name>.ts` of the project exports, without any problem that validation knows.
 *
 * @throws Failure (usage) with those that exist when there is no such file
 */
export function loadEnvironment(project: Project, name: string): Environment {
  const { environment, file } = readEnvironment(project, name);
  const problems = findProblems(environment).map(({ field, problem }) => `${field}: ${problem}`);
  const [first] = problems;
  if (first !== undefined) {
    const more = moreAbove(problems.length - 1);
    throw new Failure(`environment ${name}: ${first}${more}`, `correct ${file}`, {
      detail: problems.length === 1 ? [] : problems,
    });
  }
  return environment;
}

/**
 * As `loadEnvironment`, but whatever is wrong with it, except that it must be the one that was meant: a copied file whose
 * `name` was left as it was would lead to the cluster of the first.
 *
 * @throws Failure (refused) where the file exports no environment of its own name, or several
 */
export function readEnvironment(project: Project, name: string): { environment: Environment; file: string } {
  const file = /^[\w.-]+$/.test(name) ? join(project.folder, "environments", `${name}.ts`) : undefined;
  if (file === undefined || !existsSync(file)) throw unknown(project, name);
  const { environment, refused } = environmentOfFile(name, exportsOf(project, file));
  if (refused !== undefined)
    throw new Failure(`${file} ${refused.what}`, refused.remedy, { exitCode: EXIT.refused });
  if (environment === undefined) throw unknown(project, name);
  return { environment, file };
}

/**
 * Other files of `environments/` that declare the same cluster as this environment does: in words, each. One that can't be
 * loaded, or isn't named as its file, is refused itself when it is used.
 */
export function findSameCluster(project: Project, environment: Environment): string[] {
  return listEnvironments(project)
    .filter((name) => name !== environment.name)
    .flatMap((name) => {
      try {
        return findTwins(environment, readEnvironment(project, name).environment);
      } catch {
        return [];
      }
    });
}

/** Names of the project's environments: the files of `environments/` that export one. */
export function listEnvironments(project: Project): string[] {
  const folder = join(project.folder, "environments");
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".ts")) : [];
  return files.sort().flatMap((file) => {
    try {
      return exportsOf(project, join(folder, file)).length === 0 ? [] : [file.slice(0, -".ts".length)];
    } catch {
      // Whoever mistyped a name needs the list, not the troubles of another file.
      return [];
    }
  });
}

function unknown(project: Project, name: string): Failure {
  const names = listEnvironments(project);
  const folder = join(project.folder, "environments");
  return new Failure(
    `no environment ${name}`,
    names.length === 0
      ? `no file in ${folder} exports one`
      : `use one of: ${names.join(", ")} (files in ${folder})`,
    { exitCode: EXIT.usage },
  );
}

function exportsOf(project: Project, file: string): Environment[] {
  const load = typeScriptLoader(project);
  let exports: object;
  try {
    exports = load(file);
  } catch (error) {
    throw new Failure(`can't load ${file}: ${oneLine(error)}`, "correct it", { cause: error });
  }
  return environmentsIn(exports);
}

/** By tsx: the project's own, else the one beside this program. */
function typeScriptLoader(project: Project): (file: string) => object {
  for (const from of [join(project.folder, "package.json"), __filename]) {
    try {
      const { require: load } = createRequire(from)("tsx/cjs/api") as {
        require: (id: string, from: string) => object;
      };
      return (file) => load(file, from);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new Failure(
    "the environments are TypeScript and tsx, which loads them, is not installed",
    "npm install --save-dev tsx",
  );
}

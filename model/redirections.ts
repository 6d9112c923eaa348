import { isAbsolute } from "node:path";
import type { Environment } from "./environment";

/** Arguments that send a run of Terraform to another state, or make it do something else than what was asked for. */
const REDIRECTING =
  /(?:^|[\s'"])--?(chdir|state|state-out|destroy|target|target-file|exclude|exclude-file|replace)(?=[=\s'"]|$)/;

/** Arguments that give variables their values. */
const GIVING = /(?:^|[\s'"])--?(var|var-file)(?=[=\s'"]|$)/;

/**
 * Variables of the shell that would have Terraform work on another state than this environment's, or do something else than
 * was asked for, or tell a server this stack's secrets: in words, each, and without a value that may hold one. Not those
 * that say where providers and credentials come from (TF_CLI_CONFIG_FILE, TF_PLUGIN_CACHE_DIR, TF_CLI_ARGS_init).
 */
export function findRedirections(
  { backend }: Pick<Environment, "backend">,
  env: NodeJS.ProcessEnv,
): readonly string[] {
  return Object.keys(env)
    .sort()
    .flatMap((name) => {
      const value = env[name];
      if (value === undefined || value === "") return [];
      const problem = problemOf(name, value, backend);
      return problem === undefined
        ? []
        : [`${name}${name.startsWith("TF_CLI_ARGS") ? "" : `=${value}`} ${problem}`];
    });
}

function problemOf(name: string, value: string, backend: Environment["backend"]): string | undefined {
  if (name === "TF_WORKSPACE") {
    if (value === "default" || (backend?.type === "cloud" && backend.workspace === value)) return undefined;
    return (
      "would keep this environment's state elsewhere than in its backend: unset it; if the cluster was deployed " +
      "with it, first move its state: `terraform state pull` with it, `terraform state push` without"
    );
  }
  if (name === "TF_DATA_DIR" && isAbsolute(value))
    return "would make all environments share one folder for backends and workspaces: unset it";
  if (/^TF_CLI_ARGS(?:_(?!init$)\w+)?$/.test(name)) {
    const argument = REDIRECTING.exec(value)?.[1];
    if (argument !== undefined) return `would give every such command -${argument}: unset it`;
    const giving = GIVING.exec(value)?.[1];
    if (giving !== undefined && backend?.type === "cloud")
      return (
        `has -${giving}, whose values would be shown in clear text in every remote run of workspace ${backend.workspace}: unset it, ` +
        "and make them sensitive environment variables of the workspace; where it executes locally, TF_VAR_... of this shell"
      );
  }
  return undefined;
}

/** An environment for Terraform without what could redirect it: our own runs say all their arguments themselves. */
export function withoutRedirections(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^(TF_WORKSPACE|TF_DATA_DIR|TF_CLI_ARGS|TF_CLI_ARGS_(?!init$)\w+)$/.test(name),
    ),
  );
}

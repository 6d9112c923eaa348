import { existsSync, readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { terraformCommand } from "../terraform-command";

/** A token, and where it is from: `TF_TOKEN_app_terraform_io`, a file. */
interface Token {
  readonly value: string;
  readonly source: string;
}

/** `credentials "app.terraform.io" { token = "..." }`, in what a person wrote. */
const BLOCK = /^\s*credentials\s+"([^"]+)"\s*\{\s*token\s*=\s*"([^"]+)"/gm;

/**
 * The token for a server, from where Terraform, or OpenTofu, itself takes it: TF_TOKEN_<hostname>, else the file of
 * TF_CLI_CONFIG_FILE, else what is in the home directory. Not from a credentials helper.
 * https://developer.hashicorp.com/terraform/cli/config/config-file#credentials
 *
 * @returns undefined where there is none
 */
export function findToken(hostname: string, env: Readonly<NodeJS.ProcessEnv>): Token | undefined {
  for (const source of tokenVariables(hostname)) {
    const value = env[source];
    if (value) return { value, source };
  }
  for (const source of configurationFiles(env)) {
    const value = tokensIn(source).get(hostname);
    if (value !== undefined) return { value, source };
  }
  return undefined;
}

/** Every token that the files hold, of whichever server: an error of Terraform's may show one. */
export function tokensInFiles(env: Readonly<NodeJS.ProcessEnv>): string[] {
  return configurationFiles(env).flatMap((file) => [...tokensIn(file).values()]);
}

/** Names of a server's variable: a dot is `_`, and a hyphen `__`, or itself where the shell takes it. */
export function tokenVariables(hostname: string): [name: string, ...others: string[]] {
  const dotless = hostname.replaceAll(".", "_");
  return [`TF_TOKEN_${dotless.replaceAll("-", "__")}`, `TF_TOKEN_${dotless}`];
}

/** The one whose token counts first. A file that the shell names replaces all others. */
function configurationFiles(env: Readonly<NodeJS.ProcessEnv>): string[] {
  const named = env.TF_CLI_CONFIG_FILE || env.TERRAFORM_CONFIG;
  if (named) return [named];
  const home = env.HOME || homedir();
  const { file, folder } = /^tofu/.test(basename(terraformCommand(env)))
    ? openTofuPlaces(home, env.XDG_CONFIG_HOME)
    : { file: join(home, ".terraformrc"), folder: join(home, ".terraform.d") };
  const pieces = existsSync(folder)
    ? readdirSync(folder).filter((each) => /\.tfrc(?:\.json)?$/.test(each))
    : [];
  // Each that is read later goes before those that were read.
  return [file, ...pieces.sort().map((each) => join(folder, each))].reverse();
}

/** OpenTofu reads Terraform's files where it has none of its own, and XDG's places where there is neither. */
function openTofuPlaces(home: string, xdg: string | undefined): { file: string; folder: string } {
  const own = [".tofurc", ".terraformrc"].map((each) => join(home, each)).find((each) => existsSync(each));
  const folder = join(home, ".terraform.d");
  return {
    file: own ?? (xdg ? join(xdg, "opentofu", "tofurc") : join(home, ".tofurc")),
    folder: xdg && !existsSync(folder) ? join(xdg, "opentofu") : folder,
  };
}

function tokensIn(file: string): Map<string, string> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // Terraform takes a missing file for an empty one.
    return new Map();
  }
  // Terraform takes JSON in a file of any name.
  if (!text.trimStart().startsWith("{"))
    return new Map([...text.matchAll(BLOCK)].map(([, host = "", token = ""]) => [host, token]));
  try {
    const { credentials = {} } = JSON.parse(text) as { credentials?: Record<string, { token?: string }> };
    return new Map(
      Object.entries(credentials).flatMap(([host, { token }]) =>
        token === undefined ? [] : [[host, token]],
      ),
    );
  } catch {
    // Terraform itself complains about it.
    return new Map();
  }
}

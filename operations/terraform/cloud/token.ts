import { existsSync, readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where Terraform keeps what `terraform login` got, and other pieces of its configuration. */
const FOLDER = ".terraform.d";

/** `credentials "app.terraform.io" { token = "..." }`, in what a person wrote. */
const BLOCK = /^\s*credentials\s+"([^"]+)"\s*\{\s*token\s*=\s*"([^"]+)"/gm;

/**
 * The token for a server, from where Terraform itself takes it: TF_TOKEN_<hostname>, the file of TF_CLI_CONFIG_FILE (else
 * `.terraformrc`), or what is in `.terraform.d`. Not from a credentials helper.
 * https://developer.hashicorp.com/terraform/cli/config/config-file#credentials
 *
 * @returns undefined where there is none
 */
export function findToken(hostname: string, env: Readonly<NodeJS.ProcessEnv>): string | undefined {
  const [name, ...others] = tokenVariables(hostname);
  for (const variable of [name, ...others]) {
    const token = env[variable];
    if (token) return token;
  }
  for (const file of configurationFiles(env)) {
    const token = tokensIn(file).get(hostname);
    if (token !== undefined) return token;
  }
  return undefined;
}

/** Names of a server's variable: a dot is `_`, and a hyphen `__`, or itself where the shell takes it. */
export function tokenVariables(hostname: string): [name: string, ...others: string[]] {
  const dotless = hostname.replaceAll(".", "_");
  return [`TF_TOKEN_${dotless.replaceAll("-", "__")}`, `TF_TOKEN_${dotless}`];
}

function configurationFiles(env: Readonly<NodeJS.ProcessEnv>): string[] {
  const home = env.HOME || homedir();
  const folder = join(home, FOLDER);
  const pieces = existsSync(folder) ? readdirSync(folder).sort() : [];
  return [
    env.TF_CLI_CONFIG_FILE || join(home, ".terraformrc"),
    ...pieces.filter((file) => /\.tfrc(?:\.json)?$/.test(file)).map((file) => join(folder, file)),
  ];
}

function tokensIn(file: string): Map<string, string> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // Terraform takes a missing file for an empty one.
    return new Map();
  }
  if (!file.endsWith(".json"))
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

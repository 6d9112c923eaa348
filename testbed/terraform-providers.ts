import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { CommandError, run } from "./command";
import type { PartsMode } from "./parts-mode";
import { startStandInProvider } from "./stand-in-provider/index";
import { ensureTools } from "./tools";

interface Requirement {
  source: string;
  constraint: string;
  allows(version: readonly number[]): boolean;
}

const REQUIRED: readonly Requirement[] = [
  {
    source: "kreuzwerker/docker",
    constraint: "~> 4.5.0",
    allows: ([major, minor]) => major === 4 && minor === 5,
  },
  {
    source: "hashicorp/null",
    constraint: "~> 3.2",
    allows: ([major, minor = 0]) => major === 3 && minor >= 2,
  },
];

const PLATFORM = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
const REGISTRY = "https://registry.terraform.io";
// curl's exit codes for: proxy or host name unknown, refused, timed out, broken off.
const UNREACHABLE = [5, 6, 7, 28, 35, 52, 55, 56];

export interface Providers {
  kind: "real" | "stand-in";
  /** Where they come from, and for a stand-in why. */
  from: string;
  /** For every terraform and cdktf command. */
  env: Record<string, string>;
  /** For `cdktf deploy` and `cdktf diff`. */
  cdktfArgs: readonly string[];
  stop(): Promise<void>;
}

/**
 * The providers: those in Terraform's own plug-in folders, else the registry's, else stand-ins (for both: they are
 * one process).
 *
 * @throws when the registry answers with an error: that is no reason to stand in
 */
export async function findProviders(mode: PartsMode, log: (line: string) => void): Promise<Providers> {
  if (mode === "stand-in") return standIn("asked for by PGDIST_PARTS=stand-in");
  await ensureTools(log, ["curl"]);
  const found: string[] = [];
  for (const required of REQUIRED) {
    const local = findInFolders(required);
    if (local !== undefined) {
      found.push(`${required.source} ${local}`);
      continue;
    }
    const unreachable = await askProviderRegistry(required.source);
    if (unreachable === undefined) {
      found.push(`${required.source} from the registry`);
    } else if (mode === "real") {
      throw new Error(
        `PGDIST_PARTS=real, but the provider ${required.source} ${required.constraint} is neither in Terraform's ` +
          `plug-in folders nor can the registry be reached. Install it, or use PGDIST_PARTS=auto.\n${unreachable}`,
      );
    } else {
      return standIn(`${required.source} is not in Terraform's plug-in folders, and ${unreachable}`);
    }
  }
  return { kind: "real", from: found.join(", "), env: {}, cdktfArgs: [], stop: async () => undefined };
}

async function standIn(from: string): Promise<Providers> {
  const provider = await startStandInProvider();
  return {
    kind: "stand-in",
    from,
    env: provider.env,
    cdktfArgs: ["--skip-provider-lock"], // that step doesn't know of TF_REATTACH_PROVIDERS
    stop: () => provider.stop(),
  };
}

/** "<version> in <folder>" of a provider that Terraform finds without a registry. */
function findInFolders({ source, allows }: Requirement): string | undefined {
  for (const folder of pluginFolders()) {
    const directory = join(folder, "registry.terraform.io", source);
    if (!existsSync(directory)) continue;
    const version = readdirSync(directory)
      .map((entry) => versionOf(directory, entry, source))
      .find((each) => each !== undefined && allows(each.split(".").map(Number)));
    if (version !== undefined) return `${version} in ${folder}`;
  }
  return undefined;
}

/** A version's folder or its zip file; both are layouts of Terraform's mirrors. */
function versionOf(directory: string, entry: string, source: string): string | undefined {
  if (existsSync(join(directory, entry, PLATFORM))) return entry;
  const name = `terraform-provider-${source.split("/")[1]}_`;
  const end = `_${PLATFORM}.zip`;
  return entry.startsWith(name) && entry.endsWith(end) ? entry.slice(name.length, -end.length) : undefined;
}

/** Terraform's implied local mirrors, see "Implied Local Mirror Directories" in its documentation. */
function pluginFolders(): string[] {
  const home = homedir();
  const data = process.env.XDG_DATA_HOME || join(home, ".local/share");
  const shared = (process.env.XDG_DATA_DIRS || "/usr/local/share:/usr/share").split(":");
  return [
    join(home, ".terraform.d/plugins"),
    ...[data, ...shared].map((each) => join(each, "terraform/plugins")),
  ];
}

/**
 * Whether a provider can be had from the registry; curl asks, because it obeys the proxy variables as Terraform does.
 *
 * @returns undefined when it can, else why the registry can't be reached
 * @throws when the registry answers with an error
 */
export async function askProviderRegistry(source: string, registry = REGISTRY): Promise<string | undefined> {
  const url = `${registry}/v1/providers/${source}/versions`;
  const args = ["--silent", "--show-error", "--max-time", "30", "--output", "/dev/null"];
  try {
    const status = await run("curl", [...args, "--write-out", "%{http_code}", url]);
    if (status === "200") return undefined;
    throw new Error(
      `Terraform's registry answers HTTP ${status} for ${url}.\n` +
        "Wait or install the provider into ~/.terraform.d/plugins; PGDIST_PARTS=stand-in runs without it.",
    );
  } catch (error) {
    const broken = error instanceof CommandError && UNREACHABLE.includes(error.exitCode ?? 0);
    // A proxy that refuses is an answer, not a missing network.
    if (broken && !/CONNECT tunnel failed|from proxy after CONNECT/.test(error.stderr)) return error.stderr;
    throw error;
  }
}

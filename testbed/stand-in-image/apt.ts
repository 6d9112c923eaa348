import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../command";

const KEYRINGS = "/usr/share/keyrings";
/** Settings for the way to the mirror; the rest of the machine's apt configuration is not for another suite. */
const CARRIED_OVER =
  /^Acquire::(http|https|ftp|tor|ForceIPv4|ForceIPv6|Retries|Check-Valid-Until|Check-Date)\b/;

/** Where this machine gets Debian from (ends in a slash), and the keys that sign it. */
export interface Mirror {
  uri: string;
  keyrings: string[];
}

/**
 * Reads the mirror from the machine's apt configuration.
 *
 * @throws when apt knows no Debian suite of the machine's own release
 */
export async function debianMirror(): Promise<Mirror> {
  const codename = await run("sh", ["-c", ". /etc/os-release; echo $VERSION_CODENAME"]);
  const format = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)";
  const targets = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  for (const line of targets.split("\n")) {
    const [uri, release, component, signedBy] = line.split("|");
    if (uri && release === codename && component === "main")
      return { uri, keyrings: keyrings(signedBy ?? "") };
  }
  throw new Error(
    `apt has no source for Debian ${codename} main on this machine; the stand-in image is built from Debian's packages. ` +
      "See /etc/apt/sources.list.d.",
  );
}

/** The settings with which apt reaches the mirror from this machine (proxy, credentials, clock checks). */
export async function acquireOptions(): Promise<string[]> {
  const dump = await run("apt-config", ["dump", "--no-empty", "--format", '%F "%v"%n']);
  return [
    ...dump.split("\n").filter((line) => CARRIED_OVER.test(line)),
    'Dir::Etc::netrc "/etc/apt/auth.conf"',
    'Dir::Etc::netrcparts "/etc/apt/auth.conf.d"',
  ];
}

/** @throws CommandError with apt's reason when the file can't be fetched */
export async function downloadable(uri: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "pg-dist-apt-"));
  try {
    await run("/usr/lib/apt/apt-helper", ["download-file", uri, join(directory, "file")]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A mirror with a signature of its own names its key; Debian's own keys cover every suite. */
function keyrings(signedBy: string): string[] {
  const own = signedBy.startsWith("/") && existsSync(signedBy) ? [signedBy] : [];
  const debian = readdirSync(KEYRINGS).filter((name) => /^debian-archive-.*\.(gpg|pgp|asc)$/.test(name));
  return [...new Set([...own, ...debian.map((name) => join(KEYRINGS, name))])];
}

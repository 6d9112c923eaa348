import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What bin/pg-dist.mjs runs. */
const COMMANDS = join(root, "dist", "commands.cjs");

/**
 * Bundles operations/cli.ts into one file, unless the one that is there was made of the same sources: four hundred small
 * modules take four times as long to load, at every command. The npm packages stay outside.
 *
 * @returns {Promise<void>}
 */
export async function bundleCommands() {
  if (isOfTheseSources()) return;
  const { build } = await import("esbuild");
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ["operations/cli.ts"],
    outfile: COMMANDS,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    packages: "external",
    keepNames: true,
    charset: "utf8",
    logLevel: "warning",
    metafile: true,
    write: false,
  });
  const sources = Object.keys(metafile.inputs);
  const head = `// ${JSON.stringify({ digest: digestOf(sources), sources })}\n`;
  mkdirSync(dirname(COMMANDS), { recursive: true });
  // Others may run it now, or make it: it is whole at every moment.
  const temporary = `${COMMANDS}.${process.pid}`;
  writeFileSync(temporary, `${head}${outputFiles[0]?.text ?? ""}`);
  renameSync(temporary, COMMANDS);
}

function isOfTheseSources() {
  try {
    const text = readFileSync(COMMANDS, "utf8");
    const { digest, sources } = JSON.parse(text.slice("// ".length, text.indexOf("\n")));
    return digest === digestOf(sources);
  } catch {
    // There is none yet, or a source that it was made of is gone.
    return false;
  }
}

/**
 * By the contents: a copied or unpacked clone may have any times of change.
 *
 * @param {readonly string[]} sources
 */
function digestOf(sources) {
  const hash = createHash("sha256");
  for (const source of sources) hash.update(`${source}\n`).update(readFileSync(join(root, source)));
  return hash.digest("hex");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await bundleCommands();

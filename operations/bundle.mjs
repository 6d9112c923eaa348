import { mkdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where the bundle is, for the stack that carries it. */
export const BUNDLE = join(root, "dist", "pg-dist.mjs");

/**
 * Bundles operations/steps/main.ts into one file that needs nothing but Node. The same sources give the same bytes in
 * any folder (the stack's plan shows the file's digest): no paths of the machine, and esbuild is pinned exactly.
 *
 * @param {string} [outfile]
 * @returns {Promise<{ outfile: string, bytes: number, packages: string[], metafile: import("esbuild").Metafile }>} with the
 *   npm packages that are in it, and esbuild's account of all
 */
export async function bundle(outfile = BUNDLE) {
  mkdirSync(dirname(outfile), { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["operations/steps/main.ts"],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: ["pg-native"],
    // pg's CommonJS modules require Node's own; an ES module has no require.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    // Unminified, the names of modules would hold where npm put them; functions keep theirs for stack traces.
    minify: true,
    keepNames: true,
    legalComments: "none",
    charset: "utf8",
    logLevel: "warning",
    metafile: true,
  });
  const names = Object.keys(metafile.inputs).flatMap((path) => PACKAGE.exec(path)?.[1] ?? []);
  return { outfile, bytes: statSync(outfile).size, packages: [...new Set(names)].sort(), metafile };
}

const PACKAGE = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/;

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { outfile, bytes } = await bundle();
  process.stdout.write(`${relative(process.cwd(), outfile)}: ${(bytes / 1024).toFixed(0)} kB\n`);
}

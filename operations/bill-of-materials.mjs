import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Beside the program that it is of, in the npm package. */
const FILE = "pg-dist.cdx.json";

/** An npm package's folder, and the rest: the last node_modules counts, where one has others in it. */
const IN_PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/**
 * The bill of materials of the bundled program, as CycloneDX has it (https://cyclonedx.org/docs/1.6/json/): the npm packages
 * of which something is in the file, their versions and licences, and which needs which. Of esbuild's own account: tools that
 * read package-lock.json list what is installed. The same sources give the same bytes: no time, no number of its own.
 *
 * @param {import("esbuild").Metafile} metafile
 * @returns {object}
 */
export function billOfMaterials({ inputs, outputs }) {
  const own = packageIn(root);
  const used = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  /** @type {Map<string, { component: Component, needs: Set<string> }>} */
  const found = new Map();
  for (const path of used) {
    const component = ofFile(path) ?? own;
    const entry = found.get(component["bom-ref"]) ?? { component, needs: new Set() };
    found.set(component["bom-ref"], entry);
    for (const { path: imported, external } of inputs[path]?.imports ?? []) {
      const needed = external ? undefined : (ofFile(imported) ?? own)["bom-ref"];
      if (needed !== undefined && needed !== component["bom-ref"]) entry.needs.add(needed);
    }
  }
  const entries = [...found.values()].sort((a, b) =>
    a.component["bom-ref"] < b.component["bom-ref"] ? -1 : 1,
  );
  const isThere = (/** @type {string} */ ref) => found.has(ref);
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { ...own, type: "application" } },
    components: entries
      .map(({ component }) => component)
      .filter((each) => each["bom-ref"] !== own["bom-ref"]),
    dependencies: entries.map(({ component, needs }) => ({
      ref: component["bom-ref"],
      dependsOn: [...needs].filter(isThere).sort(),
    })),
  };
}

/**
 * @typedef {{ type: string, "bom-ref": string, name: string, version: string, purl: string, licenses: object[] }} Component
 */

/** @param {string} path as esbuild has it, from the project's folder */
function ofFile(path) {
  const folder = IN_PACKAGE.exec(path)?.[1];
  return folder === undefined ? undefined : packageIn(join(root, folder));
}

/**
 * @param {string} folder
 * @returns {Component}
 */
function packageIn(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (typeof license !== "string")
    throw new Error(`${name}@${version} names no licence in its package.json.`);
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  // Several, as "(MIT OR Apache-2.0)", are an expression.
  const licenses = /[ (]/.test(license) ? [{ expression: license }] : [{ license: { id: license } }];
  return { type: "library", "bom-ref": purl, name, version, purl, licenses };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { outfile, metafile } = await bundle();
  writeFileSync(join(dirname(outfile), FILE), `${JSON.stringify(billOfMaterials(metafile), null, 2)}\n`);
}

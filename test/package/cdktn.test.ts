import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { filesIn, temporaryFolder } from "../synthesis";
import { ROOT, compile, copySources, install, linkPackages, runIn } from "./project";

/** The community's fork of CDKTF, which HashiCorp archived. */
const FORK = "npm:cdktn@0.24.0";

const COMPILER = {
  extends: "./tsconfig.json",
  compilerOptions: { typeRoots: [join(ROOT, "node_modules/@types")] },
  files: ["main.ts", "index.ts"],
  include: [],
};

const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

function synthesizeIn(folder: string): Record<string, string> {
  mkdirSync(join(folder, "dist"));
  cpSync(join(ROOT, "dist/pg-dist.mjs"), join(folder, "dist/pg-dist.mjs"));
  runIn(folder, "node", "--import", join(ROOT, "node_modules/tsx/dist/loader.mjs"), "main.ts");
  return filesIn(join(folder, "cdktf.out"));
}

/** What the files say, without the version of cdktf and without blanks, which the fork sets otherwise in empty lists. */
function contentOf(files: Record<string, string>): Record<string, unknown> {
  const withoutVersion = (key: string, value: unknown) =>
    key === "version" && /^0\./.test(`${value}`) ? "" : value;
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [
      path,
      path.endsWith(".json") ? JSON.parse(content, withoutVersion) : content,
    ]),
  );
}

it(
  "the stacks synthesize to the same under the fork, by its package alias",
  { timeout: 180_000 },
  (context) => {
    const [original, forked] = [join(temporaryFolder(), "cdktf"), join(temporaryFolder(), "cdktn")];
    copySources(original);
    linkPackages(original);
    copySources(forked);
    const packages = ["@cdktf/provider-docker", "@cdktf/provider-null", "constructs"];
    const manifest = {
      ...JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")),
      scripts: {},
      peerDependencies: {},
      devDependencies: {},
      dependencies: {
        ...Object.fromEntries(packages.map((name) => [name, devDependencies[name]])),
        "fastest-levenshtein": dependencies["fastest-levenshtein"],
        cdktf: FORK,
      },
      overrides: { cdktf: "$cdktf" },
    };
    install(forked, manifest, context);
    expect(JSON.parse(readFileSync(join(forked, "node_modules/cdktf/package.json"), "utf8")).name).toBe(
      "cdktn",
    );
    writeFileSync(join(forked, "tsconfig.fork.json"), JSON.stringify(COMPILER));
    compile(forked, "-p", "tsconfig.fork.json");

    const [expected, found] = [synthesizeIn(original), synthesizeIn(forked)];
    expect(found["stacks/production/cdk.tf.json"]).toContain('"version": "0.24.0"');
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    expect(contentOf(found)).toEqual(contentOf(expected));
  },
);

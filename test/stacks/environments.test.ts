import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, linkPackages, runIn } from "../package/project";
import { temporaryFolder } from "../synthesis";

/** As main.ts does it: with the file as it stands in the repository, on environments that a person adds. */
function synthesize(files: Readonly<Record<string, string>>): string[] {
  const folder = temporaryFolder();
  linkPackages(folder);
  mkdirSync(join(folder, "environments"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, "environments", name), text);
  const main = `
    import { join } from "node:path";
    import { App } from "cdktf";
    import { CitusStack } from ${JSON.stringify(join(ROOT, "stacks/citus-stack"))};
    import { loadEnvironments } from ${JSON.stringify(join(ROOT, "stacks/environments"))};
    const app = new App({ outdir: "out" });
    for (const environment of loadEnvironments(join(__dirname, "environments"))) new CitusStack(app, environment);
    app.synth();`;
  writeFileSync(join(folder, "main.ts"), main);
  runIn(folder, "node", "--import", join(ROOT, "node_modules/tsx/dist/loader.mjs"), "main.ts");
  return readdirSync(join(folder, "out/stacks")).sort();
}

const environment = (name: string, cluster = name, port = 5432) =>
  `{ name: "${name}", cluster: "${cluster}", hosts: { one: { connection: "unix:///var/run/docker.sock" } },
     coordinator: { host: "one", port: ${port} }, workers: { one: 1 } }`;

describe("environments are a file each", () => {
  it("and nothing else is to be edited for a new one", () => {
    const files = {
      "shared.ts": "export const PORT = 5500;\n",
      "one.ts": `export const one = ${environment("one")};\nexport default one;\n`,
      "two.ts": `import { PORT } from "./shared";\nexport const two = { ...${environment("two")}, coordinator: { host: "one", port: PORT } };\n`,
    };
    expect(synthesize(files)).toEqual(["one", "two"]);
  });

  it("and are all refused where one is not named as its file", () => {
    const files = {
      "one.ts": `export const one = ${environment("one")};\n`,
      "two.ts": `export const two = ${environment("one")};\n`,
      "three.ts": `export const a = ${environment("three")};\nexport const b = ${environment("three")};\n`,
    };
    expect(() => synthesize(files)).toThrow(
      /three\.ts exports 2 environments named three: keep only one of them\n.*two\.ts exports one and not two: it may be a copy/,
    );
  });
});

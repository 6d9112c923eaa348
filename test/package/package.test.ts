import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as published from "../../index";
import { blocksOf, readPage } from "../docs/pages";
import { filesIn, temporaryFolder } from "../synthesis";
import { compile, copySources, install, linkPackages, runIn } from "./project";

/** As docs/constructs.md shows it. */
const [MAIN = ""] = blocksOf(readPage("docs/constructs.md"), "ts").filter((block) =>
  block.includes("new TerraformStack("),
);

const COMPILER = {
  compilerOptions: { module: "NodeNext", target: "ES2022", strict: true, skipLibCheck: true, types: [] },
  files: ["main.ts"],
};

it("names exactly these things for other projects", () => {
  expect(Object.keys(published).sort()).toEqual([
    "CitusCoordinator",
    "CitusStack",
    "CitusWorkerHost",
    "DEFAULT_IMAGE",
    "DEFAULT_SETTINGS",
    "DEFAULT_SSH_OPTIONS",
    "DockerHost",
    "describeCluster",
    "findConflicts",
    "findProblems",
    "formatEndpoint",
    "loadEnvironments",
    "placeLockFile",
  ]);
});

it(
  "packed and installed in an empty CDKTF project, declares and synthesizes a cluster",
  { timeout: 180_000 },
  (context) => {
    const sources = join(temporaryFolder(), "pg-dist");
    copySources(sources);
    linkPackages(sources);
    runIn(sources, "npm", "pack", "--loglevel=error");
    const [tarball = ""] = readdirSync(sources).filter((file) => file.endsWith(".tgz"));

    const project = temporaryFolder();
    // The package's peers (cdktf, constructs, the provider bindings) come with it.
    install(project, { dependencies: { "pg-dist": `file:${join(sources, tarball)}` } }, context);
    expect(filesIn(join(project, "node_modules/pg-dist"))).not.toHaveProperty("main.ts");
    writeFileSync(join(project, "main.ts"), MAIN);
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(COMPILER));
    compile(project, "-p", ".");
    runIn(project, "node", "main.js");

    const files = filesIn(join(project, "out/stacks/shop"));
    const { resource } = JSON.parse(files["cdk.tf.json"] ?? "");
    expect(Object.keys(resource.docker_container)).toEqual([
      "first_coordinator",
      "second_olap",
      "second_worker1",
    ]);
    const [, path = ""] = resource.null_resource.registration.provisioner[0]["local-exec"].command.split(" ");
    expect(files[path]).toBe(filesIn(join(sources, "dist"))["pg-dist.mjs"]);
    expect(JSON.parse(files["cluster.json"] ?? "").nodes).toHaveLength(3);

    const schema = "console.log(require('pg-dist/schemas/drain.json').title)";
    expect(runIn(project, "node", "-e", schema)).toContain("pg-dist drain");

    // The command for people is in it too.
    expect(runIn(project, "npx", "--no-install", "pg-dist", "--help")).toContain("Exit codes:");
  },
);

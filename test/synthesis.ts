import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { App, TerraformStack, Testing } from "cdktf";
import { onTestFinished } from "vitest";
import type { Environment } from "../model/environment";
import { CitusStack } from "../stacks/citus-stack";

/** Terraform's JSON configuration, as far as the tests look into it. */
export interface Configuration {
  readonly terraform: {
    readonly backend: Record<string, unknown>;
    readonly required_providers: Record<string, { source: string; version: string }>;
  };
  readonly provider: { readonly docker: Block[]; readonly null: Block[] };
  readonly variable: Record<string, Block>;
  readonly output: Record<string, { value: unknown }>;
  readonly resource: Record<string, Record<string, Block>>;
}

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- a block of any resource, read as plain JSON */
export type Block = Record<string, any>;

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pg-dist-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function testApp(): App {
  return new App({ outdir: join(temporaryFolder(), "cdktf.out"), stackTraces: false });
}

/** An environment's configuration. One with problems has no resources. */
export function configurationOf(environment: Environment): Configuration {
  return parse(new CitusStack(testApp(), environment));
}

function parse(stack: TerraformStack): Configuration {
  // Without validation, which for some backends runs the terraform command.
  return JSON.parse(Testing.synth(stack)) as Configuration;
}

/** Every file that the environments synthesize to, by its path in the output folder. */
export function synthesizedFiles(...environments: readonly Environment[]): Record<string, string> {
  const app = testApp();
  for (const environment of environments) new CitusStack(app, environment);
  app.synth();
  return filesIn(app.outdir);
}

export function filesIn(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [relative(folder, path), readFileSync(path, "utf8")]));
}

/** Every resource by its Terraform address. */
export function resourcesOf({ resource }: Pick<Configuration, "resource">): Record<string, Block> {
  return Object.fromEntries(
    Object.entries(resource).flatMap(([type, blocks]) =>
      Object.entries(blocks).map(([name, block]) => [`${type}.${name}`, block]),
    ),
  );
}

/** The resource at an address, which must be there. */
export function resourceAt(configuration: Configuration, address: string): Block {
  const resources = resourcesOf(configuration);
  const block = resources[address];
  if (block === undefined) throw new Error(`No ${address} among ${Object.keys(resources).join(", ")}`);
  return block;
}

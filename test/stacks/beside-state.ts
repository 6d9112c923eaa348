import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import type { Environment } from "../../model/environment";
import { CitusStack } from "../../stacks/citus-stack";

/** Synthesizes an environment in a folder of its own, with a local state of these resources beside it. */
export function synthesizeBeside(
  environment: Environment,
  resources: readonly object[],
  file = `${environment.name}.tfstate`,
): void {
  const folder = mkdtempSync(join(tmpdir(), "pg-dist-beside-"));
  try {
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state", file), JSON.stringify({ resources }));
    const app = new App({ outdir: join(folder, "cdktf.out") });
    new CitusStack(app, environment);
    app.synth();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

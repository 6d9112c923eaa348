import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../../model/environment";

const PG_DIST = join(__dirname, "../../bin/pg-dist.mjs");

/** A project with one environment, and `pg-dist` in its folder as a person runs it. */
export class CommandProject {
  private readonly folder = mkdtempSync(join(tmpdir(), "pg-dist-commands-"));

  constructor(
    environment: Environment,
    private readonly password: string,
  ) {
    mkdirSync(join(this.folder, "environments"));
    writeFileSync(join(this.folder, "cdktf.json"), JSON.stringify({ app: "true" }));
    writeFileSync(
      join(this.folder, "environments", `${environment.name}.ts`),
      `export const environment = ${JSON.stringify(environment)};`,
    );
  }

  async run(...args: string[]): Promise<{ code: number | null; output: string }> {
    const child = spawn(process.execPath, [PG_DIST, ...args], {
      cwd: this.folder,
      env: { PATH: process.env["PATH"], HOME: this.folder, TF_VAR_postgres_password: this.password },
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, output };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { providePassword } from "../../../operations/cli/password";

describe("the password of a cluster", () => {
  let folder: string;
  const names = ["TF_VAR_postgres_password", "PGPASSWORD"];
  const login = () => ({
    user: "postgres",
    database: "app",
    label: "local",
    endpoints: [{ host: "127.0.0.1", port: 5432 }],
    file: join(folder, "local.password"),
  });
  const pgpassBefore = process.env["PGPASSFILE"];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pg-dist-password-"));
    process.env["PGPASSFILE"] = join(folder, "pgpass");
    writeFileSync(join(folder, "pgpass"), "127.0.0.1:5432:app:postgres:of-pgpass\n", { mode: 0o600 });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
    if (pgpassBefore === undefined) delete process.env["PGPASSFILE"];
    else process.env["PGPASSFILE"] = pgpassBefore;
  });

  async function provided(env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
    await providePassword(login(), names, env);
    return env;
  }

  it("is the environment's variable first, which nothing is added to", async () => {
    writeFileSync(login().file, "of-file\n");
    const env = { TF_VAR_postgres_password: "of-variable" };
    expect(await provided(env)).toEqual({ TF_VAR_postgres_password: "of-variable" });
  });

  it("is then what quickstart made, then .pgpass", async () => {
    expect(await provided({})).toEqual({ PGPASSWORD: "of-pgpass" });
    writeFileSync(login().file, "");
    expect(await provided({})).toEqual({ PGPASSWORD: "of-pgpass" });
    writeFileSync(login().file, "of-file\n");
    expect(await provided({})).toEqual({ PGPASSWORD: "of-file" });
  });

  it("is nowhere: the error names the places; a file that can't be read is said", async () => {
    rmSync(join(folder, "pgpass"));
    await expect(provided({})).rejects.toMatchObject({
      summary: "no password for local",
      remedy: expect.stringContaining("TF_VAR_postgres_password or PGPASSWORD"),
    });
    mkdirSync(login().file);
    await expect(provided({})).rejects.toThrow(`can't read ${login().file}`);
  });
});

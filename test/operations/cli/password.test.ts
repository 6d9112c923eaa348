import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findPassword } from "../../../operations/cli/password";

describe("the password of a cluster", () => {
  let folder: string;
  const login = () => ({
    user: "postgres",
    database: "app",
    label: "local",
    endpoints: [{ host: "127.0.0.1", port: 5432 }],
    file: join(folder, "local.password"),
    names: ["TF_VAR_postgres_password", "PGPASSWORD"],
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

  it("is what quickstart made, then .pgpass", async () => {
    expect(await findPassword(login())).toEqual({ value: "of-pgpass", source: ".pgpass" });
    writeFileSync(login().file, "");
    expect(await findPassword(login())).toEqual({ value: "of-pgpass", source: ".pgpass" });
    writeFileSync(login().file, "of-file\n");
    expect(await findPassword(login())).toEqual({ value: "of-file", source: login().file });
  });

  it("is nowhere: the error names the places; a file that can't be read is said", async () => {
    rmSync(join(folder, "pgpass"));
    await expect(findPassword(login())).rejects.toMatchObject({
      summary: "no password for local",
      remedy: expect.stringContaining("TF_VAR_postgres_password or PGPASSWORD"),
    });
    mkdirSync(login().file);
    await expect(findPassword(login())).rejects.toThrow(`can't read ${login().file}`);
  });
});

import { randomBytes } from "node:crypto";
import type { Target } from "../../../operations/cluster/connection/target";
import { callerOf } from "../../../operations/base/caller/caller";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findTarget, withPassword } from "../../../operations/cli/target";
import { EXIT } from "../../../operations/base/failure";

const URL = "postgres://app@db.example:6000/shop";

describe("what a command is about", () => {
  it.each([
    ["nothing", undefined, { timeout: 10 }],
    ["both an environment and an address", "local", { timeout: 10, url: URL }],
    ["a tunnel to an address", undefined, { timeout: 10, url: URL, via: "ssh" as const }],
  ])("refuses %s as a wrong command line", (_name, environment, flags) => {
    expect(() => findTarget(environment, flags, callerOf({}))).toThrow(
      expect.objectContaining({ exitCode: EXIT.usage }),
    );
  });

  it("names the option where its transport does not lead to the coordinator", () => {
    const flags = { timeout: 5, via: "ssh" as const };
    expect(() => findTarget("local", flags, callerOf({ PGDIST_VIA: "exec" }))).toThrow(
      expect.objectContaining({
        summary: "--via ssh can't be used for local/coordinator",
        remedy: "leave it out, or use one of: direct, exec",
        exitCode: EXIT.usage,
      }),
    );
  });

  it("takes an environment, and only the way that is wanted", () => {
    const target = findTarget("local", { timeout: 5, via: "exec" }, callerOf({}));
    expect(target).toMatchObject({ label: "local", timeoutMs: 5000, user: "postgres" });
    expect(target.transports.map(({ name }) => name)).toEqual(["exec"]);
  });
});

describe("the password", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pg-dist-password-"));
    vi.stubEnv("PGPASSWORD", undefined);
    vi.stubEnv("PGPASSFILE", join(folder, "pgpass"));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  const passwordOf = async (target: Target) =>
    (await withPassword(target)).caller.credentials.requireSuperuser().value;
  const secret = () => randomBytes(8).toString("hex");

  it("is the environment's variable for an environment, and PGPASSWORD for an address", async () => {
    const env = { TF_VAR_postgres_password: secret(), PGPASSWORD: secret() };
    expect(await passwordOf(findTarget("local", { timeout: 1 }, callerOf(env)))).toBe(
      env.TF_VAR_postgres_password,
    );
    expect(await passwordOf(findTarget(undefined, { timeout: 1, url: URL }, callerOf(env)))).toBe(
      env.PGPASSWORD,
    );
  });

  it("is read from a private .pgpass, and then known to what redacts messages", async () => {
    const password = secret();
    writeFileSync(join(folder, "pgpass"), `other:*:*:*:wrong\ndb.example:6000:*:app:${password}\n`, {
      mode: 0o600,
    });
    const caller = callerOf({ TF_VAR_postgres_password: secret() });
    expect(await passwordOf(findTarget(undefined, { timeout: 1, url: URL }, caller))).toBe(password);
    expect(caller.redact(`it is ${password}`)).toBe("it is ***");
  });

  it("is missed with a word on where it may stand, where nobody can be asked", async () => {
    await expect(passwordOf(findTarget(undefined, { timeout: 1, url: URL }, callerOf({})))).rejects.toThrow(
      /^no password for db\.example:6000\/shop: set PGPASSWORD, enter it in ~\/\.pgpass/,
    );
  });
});

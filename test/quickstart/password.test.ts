import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { choosePassword, forgetPassword, passwordToDestroy } from "../../quickstart/password";

describe("the superuser's password", () => {
  let root: string;
  const file = () => join(root, "state", "local.password");

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "quickstart-"));
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("is random, made once, and readable only by its owner", () => {
    const { value, from } = choosePassword(root, false, {});
    expect(value).toMatch(/^[\w-]{24}$/);
    expect(from).toBe("state/local.password");
    expect(readFileSync(file(), "utf8")).toBe(`${value}\n`);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(choosePassword(root, true, {}).value).toBe(value);
  });

  it("is TF_VAR_postgres_password where that is set, and then no file is written", () => {
    const value = randomUUID();
    expect(choosePassword(root, false, { TF_VAR_postgres_password: value })).toEqual({
      value,
      from: "TF_VAR_postgres_password",
    });
    expect(existsSync(file())).toBe(false);
  });

  it("is not made anew for a cluster that is there: it would be a wrong one", () => {
    expect(() => choosePassword(root, true, { TF_VAR_postgres_password: "" })).toThrow(
      /password is neither in TF_VAR_postgres_password nor in state\/local\.password.*--destroy/,
    );
    expect(existsSync(file())).toBe(false);
  });

  it("may be any to take a cluster away, and none is kept then", () => {
    const known = choosePassword(root, false, {}).value;
    expect(passwordToDestroy(root, {})).toBe(known);
    forgetPassword(root);
    expect(passwordToDestroy(root, {})).toMatch(/^[\w-]{24}$/);
    expect(existsSync(file())).toBe(false);
  });
});

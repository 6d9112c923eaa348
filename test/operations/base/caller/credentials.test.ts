import { describe, expect, it } from "vitest";
import { callerOf } from "../../../../operations/base/caller/caller";

const KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ0h\n-----END PRIVATE KEY-----\n";

describe("what the caller gave", () => {
  it("is taken once: what is set later doesn't count, and nothing is written back", () => {
    const env: NodeJS.ProcessEnv = { PGPASSWORD: "first", PGDIST_VIA: "exec" };
    const caller = callerOf(env);
    env["PGPASSWORD"] = "second";
    expect(caller).toMatchObject({ via: { name: "exec", by: "PGDIST_VIA" }, env: { PGPASSWORD: "first" } });
    expect(caller.credentials.withSuperuser({ value: "third", source: "test" }).superuser?.value).toBe(
      "third",
    );
    expect(caller.credentials.superuser).toEqual({ value: "first", source: "PGPASSWORD" });
  });

  it("has the superuser's password for the environment, and another for an address", () => {
    const both = callerOf({ TF_VAR_postgres_password: "terraform", PGPASSWORD: "libpq" }).credentials;
    expect(both.requireSuperuser()).toEqual({ value: "terraform", source: "TF_VAR_postgres_password" });
    expect(both.forAddress().requireSuperuser()).toEqual({ value: "libpq", source: "PGPASSWORD" });
    const one = callerOf({ TF_VAR_postgres_password: "terraform", PGPASSWORD: "" }).credentials;
    expect(() => one.forAddress().requireSuperuser()).toThrow("no password for the cluster");
  });

  it("has role passwords, the single one only where one role is meant", () => {
    const { credentials } = callerOf({ PGDIST_ROLE_PASSWORD: "one", TF_VAR_role_passwords: '{"app":"map"}' });
    expect(credentials.ofRole("app", true)).toBe("one");
    expect(credentials.ofRole("app")).toBe("map");
    expect(credentials.ofRole("other")).toBeUndefined();
  });

  it("has the TLS material of a Docker host", () => {
    const { credentials } = callerOf({ TF_VAR_docker_ca: "ca", TF_VAR_docker_key: "" });
    expect(credentials.tls("docker", "ca")).toBe("ca");
    expect(credentials.tls("docker", "key")).toBeUndefined();
  });
});

describe("the redactor", () => {
  it.each([
    ["the superuser's password", { TF_VAR_postgres_password: "s3cr3t" }, "is s3cr3t.", "is ***."],
    ["both variables", { TF_VAR_postgres_password: "abc", PGPASSWORD: "abcd" }, "abcd abc", "*** ***"],
    ["a role's", { TF_VAR_role_passwords: '{"a":"s3cr3t","b":7}' }, "s3cr3t", "***"],
    ["the one role's", { PGDIST_ROLE_PASSWORD: "s3cr3t" }, "s3cr3t", "***"],
    ["a private key", { TF_VAR_docker_key: KEY }, "MC4CAQAwBQYDK2VwBCIEIJ0h", "***"],
    ["a secret in SQL", { PGPASSWORD: "it's" }, "PASSWORD 'it''s'", "PASSWORD '***'"],
    ["a secret in JSON and HCL", { PGPASSWORD: 'a"b\\c' }, '{"p":"a\\"b\\\\c"}', '{"p":"***"}'],
    ["a secret in a URL", { PGPASSWORD: "a/b@c" }, "postgres://u:a%2Fb%40c@h", "postgres://u:***@h"],
  ])("takes out %s", (_what, env, text, expected) => {
    expect(callerOf(env).redact(text)).toBe(expected);
  });

  it("learns what is typed, or read from a file, after it was passed on", () => {
    const { redact, credentials } = callerOf({});
    credentials.withSuperuser({ value: "s3cr3t", source: "the terminal" });
    credentials.learn("typed-role");
    expect([redact("s3cr3t"), redact("typed-role")]).toEqual(["***", "***"]);
  });

  it.each([
    ["PostgreSQL's own name", { PGPASSWORD: "postgres" }, "database postgres"],
    ["a word of three letters that is a role's", { PGDIST_ROLE_PASSWORD: "the" }, "the role"],
    ["what only ends as a key", { TF_VAR_api_key: "production" }, "environment production"],
    ["nothing", { PGPASSWORD: "" }, "text"],
  ])("leaves %s", (_what, env, text) => {
    expect(callerOf(env).redact(text)).toBe(text);
  });
});

import { describe, expect, it } from "vitest";
import { callerOf } from "../../../../operations/base/caller/caller";

describe("the secrets with which Terraform gets at a state", () => {
  it.each([
    [{ PG_CONN_STR: "postgres://terraform:s3cret-pg@db/states?sslmode=disable" }, "s3cret-pg"],
    [{ PG_CONN_STR: "host=db user=terraform password='s3cret-pg' dbname=states" }, "s3cret-pg"],
    [{ TF_HTTP_PASSWORD: "glpat-s3cret" }, "glpat-s3cret"],
    [{ TF_HTTP_ADDRESS: "https://ci:glpat-s3cret@gitlab.example.com/x" }, "glpat-s3cret"],
    [{ AWS_SECRET_ACCESS_KEY: "wJalrXUt/s3cret" }, "wJalrXUt/s3cret"],
    [{ TF_TOKEN_app_terraform_io: "token-s3cret" }, "token-s3cret"],
    [{ TF_TOKEN_app_terraform_io: "token-s3cret\n" }, "token-s3cret"],
  ])("are taken out of what is printed: %o", (env, secret) => {
    expect(callerOf(env).redact(`Error: parse "x${secret}y": invalid`)).toBe('Error: parse "x***y": invalid');
  });

  it("are no other parts of a connection", () => {
    const { redact } = callerOf({ PG_CONN_STR: "postgres://terraform@db/states" });
    expect(redact("terraform@db/states")).toBe("terraform@db/states");
  });
});

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Testing } from "cdktf";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Backend } from "../../model/environment";
import { findProblems } from "../../model/validation/validation";
import { CitusStack } from "../../stacks/citus-stack";
import { DOCUMENTED_BACKENDS } from "../fixtures/documented-backends";
import { minimal } from "../model/samples";
import { requireTerraform } from "../terraform";
import { blocksOf, readPage } from "./pages";

const execute = promisify(execFile);

/** Of the page, as its reader copies them. */
const documented = blocksOf(readPage("docs/state.md"), "ts").map((text) => {
  const [, object = ""] = /^backend: (\{[\s\S]*\}),?\s*$/.exec(text) ?? [];
  return Function(`return ${object}`)() as Backend;
});

const configured = DOCUMENTED_BACKENDS.flatMap((backend) => ("config" in backend ? [backend] : []));

/** Credentials of nobody, and nobody is asked: neither the services nor the machine's own for others. */
const NOBODY = {
  ...{ HTTPS_PROXY: "http://127.0.0.1:9", HTTP_PROXY: "http://127.0.0.1:9" },
  ...{
    AWS_ACCESS_KEY_ID: "x",
    AWS_SECRET_ACCESS_KEY: "x",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_MAX_ATTEMPTS: "1",
  },
  ...{ AWS_ENDPOINT_URL_S3: "http://127.0.0.1:9", AWS_ENDPOINT_URL_STS: "http://127.0.0.1:9" },
  ...{ ARM_ACCESS_KEY: "eA==", GOOGLE_CREDENTIALS: "{}", TF_HTTP_RETRY_MAX: "0" },
  ...{ TF_HTTP_USERNAME: "x", TF_HTTP_PASSWORD: "x", PG_CONN_STR: "postgres://127.0.0.1:9/states" },
};

describe("the backends of docs/state.md", () => {
  it("are those that the compiler has seen", () => {
    expect(documented).toEqual(DOCUMENTED_BACKENDS);
  });

  it.each(DOCUMENTED_BACKENDS.map((backend) => [backend.type, backend] as const))(
    "%s is valid, and stands in the stack as it is written",
    (type, backend) => {
      const environment = { ...minimal, backend };
      expect(findProblems(environment)).toEqual([]);
      const { terraform } = JSON.parse(Testing.synth(new CitusStack(Testing.app(), environment))) as {
        terraform: { backend?: object; cloud?: object };
      };
      if ("config" in backend) expect(terraform.backend).toEqual({ [type]: backend.config });
      else expect(terraform.cloud ?? terraform.backend).toBeDefined();
    },
  );

  it(
    "have no argument that Terraform doesn't know, and lack none that it needs",
    { timeout: 60_000 },
    async (context) => {
      requireTerraform(context);
      const outputs = await Promise.all(
        [...configured, { type: "pg", config: { schema: "citus" } }].map(({ type, config }) =>
          init(type, config),
        ),
      );
      const unknown = outputs.pop();
      expect(unknown).toContain('No argument or block type is named "schema"');
      for (const output of outputs) {
        expect(output).toContain("Error:");
        expect(output).not.toMatch(/No argument|required|Extraneous|Invalid/);
      }
    },
  );
});

/** What Terraform says of it; without the service it gets no further. */
async function init(type: string, config: object): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "pg-dist-backend-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ terraform: { backend: { [type]: config } } }));
  const env = { PATH: process.env["PATH"], HOME: folder, CHECKPOINT_DISABLE: "1", ...NOBODY };
  return execute(
    "terraform",
    ["init", "-input=false", "-no-color", ...(type === "s3" ? ["-backend-config=max_retries=1"] : [])],
    { cwd: folder, env },
  ).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`,
  );
}

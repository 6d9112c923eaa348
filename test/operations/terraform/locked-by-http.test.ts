import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Failure } from "../../../operations/base/failure";
import { render } from "../../../operations/base/remedy";
import { findHolderByHttp } from "../../../operations/terraform/lock-holder/http";
import { Terraform } from "../../../operations/terraform/terraform";
import { StateServer } from "../../fixtures/state-server";
import { requireTerraform } from "../../terraform";

const PATH = "/api/v4/projects/7/terraform/state/production";

const LOCK = {
  ...{ ID: "50adb410", Operation: "OperationTypeApply", Who: "ci@runner" },
  Created: "2026-11-29T21:09:20.865228181Z",
};

describe("a state behind an address of HTTP", () => {
  let server: StateServer;
  const env = { ...process.env, ...StateServer.credentials };

  beforeEach(async () => {
    server = await StateServer.start();
  });
  afterEach(() => server.stop());

  it("says who holds its lock, and is as free after the question as before", async () => {
    expect(await findHolderByHttp(server.config(PATH), env)).toBeUndefined();
    expect(server.locks.size).toBe(0);
    server.locks.set(PATH, LOCK);
    expect(await findHolderByHttp(server.config(PATH), env)).toEqual({
      words: "ci@runner, apply, since 2026-11-29 21:09:20 UTC",
    });
    expect([...server.locks.values()]).toEqual([LOCK]);
  });

  it("says nothing to whoever has no right to ask, nor where nothing is locked at all", async () => {
    server.locks.set(PATH, LOCK);
    expect(await findHolderByHttp(server.config(PATH), {})).toBeUndefined();
    expect(await findHolderByHttp({ address: server.config(PATH).address }, env)).toBeUndefined();
  });

  it("is told of by whatever takes the lock, in Terraform's place, which names the run that failed", async (context) => {
    requireTerraform(context);
    const folder = mkdtempSync(join(tmpdir(), "pg-dist-locked-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(
      join(folder, "cdk.tf.json"),
      JSON.stringify({
        terraform: { backend: { http: server.config(PATH) } },
        resource: { terraform_data: { step: {} } },
      }),
    );
    const variables = { ...env, TF_CLI_CONFIG_FILE: "/dev/null" };
    const terraform = new Terraform(folder, variables);
    await terraform.init();
    await terraform.plan(join(folder, "plan"));
    await terraform.apply(join(folder, "plan"));
    server.readOnly = true;
    await expect(terraform.plan(join(folder, "plan"))).rejects.toMatchObject({
      summary: "the state can't be locked: HTTP remote state endpoint invalid auth",
    });
    server.readOnly = false;
    await terraform.plan(join(folder, "plan"));
    server.locks.set(PATH, LOCK);
    for (const work of [
      () => terraform.plan(join(folder, "plan")),
      () => terraform.checkLock("terraform_data.step"),
      () => terraform.removeFromState(["terraform_data.step"]),
    ]) {
      const failure = await work().then(
        () => expect.unreachable("it was done"),
        (error: unknown) => error as Failure,
      );
      expect(`${failure.summary}: ${render(failure.remedy, "person")}`).toBe(
        "another Terraform holds the lock of this state: ci@runner, apply, since 2026-11-29 21:09:20 UTC: wait until it ends; " +
          `if it is dead, \`terraform force-unlock 50adb410\` in ${folder} releases the lock`,
      );
    }
    // As it is printed; -force answers the question.
    await promisify(execFile)("terraform", ["force-unlock", "-force", "50adb410"], {
      cwd: folder,
      env: variables,
    });
    // Looking alone needs no lock.
    expect(await terraform.pullState()).toMatchObject({ resources: [{ name: "step" }] });
    await terraform.removeFromState(["terraform_data.step"]);
    expect(server.locks.size).toBe(0);
  });
});

import { describe, expect, test } from "vitest";
import { callerOf } from "../../../operations/base/caller/caller";
import { EXIT } from "../../../operations/base/failure";
import { guard } from "../../../operations/steps/guard";
import { someCluster } from "../../fixtures/some-cluster";

const env = { TF_VAR_postgres_password: "unused" };
const progress = () => undefined;

describe("while the coordinator can't be reached", () => {
  test("the destroy of the whole cluster goes on with both keys", async () => {
    await guard(someCluster({ protected: false }), {
      progress,
      caller: callerOf({ ...env, PGDIST_DESTROY: "production" }),
    });
  });

  test("that of an ephemeral cluster goes on too", async () => {
    await guard(someCluster({ protected: false, ephemeral: true }), { progress, caller: callerOf(env) });
  });

  test.each([{}, { protected: false }])("else nothing is replaced: %o", async (changes) => {
    const refused = guard(someCluster(changes), {
      progress,
      caller: callerOf({ ...env, PGDIST_DESTROY: "staging" }),
    });
    await expect(refused).rejects.toMatchObject({ exitCode: EXIT.refused });
    await expect(refused).rejects.toThrow(
      /cannot determine what would happen to the data: .* terraform apply -target=docker_container."server-a_coordinator"/,
    );
  });
});

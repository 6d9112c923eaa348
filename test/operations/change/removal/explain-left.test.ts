import { expect, it } from "vitest";
import { EXIT, Failure } from "../../../../operations/base/failure";
import { explainLeft } from "../../../../operations/change/removal/explain-left";
import type { Session } from "../../../../operations/cluster/connection/session";

const ENDPOINT = { host: "10.0.0.9", port: 5432 };

function explain(error: unknown, leftovers: () => object[]): Promise<Failure> {
  const session = { query: async () => leftovers() } as unknown as Session;
  return explainLeft(session, ENDPOINT, "10.0.0.9:5432", error);
}

it("lists what empties a worker by hand that no second run would find", async () => {
  const error = new Failure("it did not answer", "run this again");
  const failure = await explain(error, () => [
    { kind: "TABLE", name: "public.country_102008" },
    { kind: "SCHEMA", name: "shop" },
  ]);
  expect(failure.summary).toBe(
    "10.0.0.9:5432 is removed from the cluster, but its server still has objects of the cluster: it did not answer",
  );
  expect(failure.remedy).toMatch(/^by hand, by psql at 10\.0\.0\.9:5432: the statements above/);
  expect(failure.remedy).not.toContain("run this again");
  expect(failure.detail).toEqual([
    "SET citus.enable_ddl_propagation TO off;",
    "DELETE FROM pg_dist_schema;",
    "DROP TABLE IF EXISTS public.country_102008;",
    "DROP SCHEMA IF EXISTS shop;",
  ]);
  const many = await explain(error, () => Array(200).fill({ kind: "SCHEMA", name: "shop" }) as object[]);
  expect(many.detail.at(-1)).toBe("and 102 more DROPs");
});

it("says it in words where the coordinator can't be asked what is left", async () => {
  const failure = await explain(new Failure("lost the connection", "run it again"), () => {
    throw new Error("gone");
  });
  expect(failure.remedy).toContain("drop the copies of reference tables");
  expect(failure.detail).toEqual([]);
});

it("has nothing dropped on a server of another cluster", async () => {
  const error = new Failure("it is a worker of a cluster", "nothing there was touched", {
    exitCode: EXIT.refused,
  });
  const failure = await explain(error, () => [{ kind: "SCHEMA", name: "shop" }]);
  expect(failure).toMatchObject({ remedy: "nothing there was touched", detail: [], exitCode: EXIT.refused });
});

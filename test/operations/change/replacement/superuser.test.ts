import { describe, expect, test } from "vitest";
import type { ClusterNode } from "../../../../model/cluster";
import { differenceOf, type Initialised } from "../../../../operations/change/replacement/superuser";
import { someCluster } from "../../../fixtures/some-cluster";

function problemsOf(wanted: { user?: string; database?: string }, initialised: Initialised) {
  const cluster = someCluster(wanted);
  return differenceOf(cluster, cluster.nodes[0] as ClusterNode, initialised);
}

const POSTGRES = { user: "postgres", database: "postgres" };

describe("superuser and database of existing data", () => {
  test("are the same, or can't be told: nothing to say", () => {
    expect(problemsOf({}, POSTGRES)).toEqual([]);
    expect(problemsOf({ user: "admin" }, {})).toEqual([]);
  });

  test.each([
    [{ user: "admin" }, "user postgres, and only a new volume would get admin", '`user: "postgres"` again'],
    [
      { database: "orders" },
      "database postgres, and only a new volume would get orders",
      '`database: "postgres"` again',
    ],
    [
      { user: "admin", database: "orders" },
      "user postgres and database postgres, and only a new volume would get admin and orders",
      '`user: "postgres"` and `database: "postgres"` again',
    ],
  ])("are others: %o", (wanted, what, remedy) => {
    expect(problemsOf(wanted, POSTGRES)).toEqual([
      {
        node: "server-a/coordinator",
        what: `its data was initialised with ${what}`,
        remedy: expect.stringContaining(remedy),
      },
    ]);
  });
});

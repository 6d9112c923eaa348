import { expect, it } from "vitest";
import { callerOf } from "../../../operations/base/caller/caller";
import type { Session } from "../../../operations/cluster/connection/session";
import { readActivity } from "../../../operations/observe/activity";
import { SOME_SERVER } from "../../fixtures/some-cluster";

const OTHER = {
  ...{ pid: 5, gpid: 1, internal: false, user: "ada", state: "active", wait: null, age: 1, waited: null },
  ...{
    application: `pg-dist register ada@laptop pid ${process.pid}4`,
    query: "SELECT 1",
    blockers: [],
    prepared: [],
  },
};

/** Of a coordinator without workers, on which another run of pg-dist is at work. */
const session = {
  transport: { name: "direct", description: "" },
  query: (sql: string) =>
    Promise.resolve(
      sql.includes("FROM pg_dist_node")
        ? [{ nodeid: 1, groupid: 0, host: "10.0.0.1", port: 5432 }]
        : sql.includes("get_all_active_transactions")
          ? [{ coalesce: JSON.stringify([OTHER]) }]
          : [],
    ),
};

it("shows another run whose process id only begins as ours", async () => {
  const { activity } = await readActivity({
    ...{
      label: "",
      user: "",
      database: "",
      coordinator: { host: "10.0.0.1", port: 5432 },
      transports: [],
      caller: callerOf({}),
    },
    ...{ timeoutMs: 1000, server: SOME_SERVER, doubts: [] },
    session: session as unknown as Session,
  });
  expect(activity).toEqual([{ ...OTHER, node: "10.0.0.1:5432" }]);
});

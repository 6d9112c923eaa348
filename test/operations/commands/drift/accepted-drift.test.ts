import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { DRIFT_CODES } from "../../../../model/drift-code";
import { describeDrift } from "../../../../operations/commands/drift/json";
import { driftScreen } from "../../../../operations/commands/drift/screen";
import type { Judged } from "../../../../operations/observe/drift/accepted";
import { expectShape } from "../../../fixtures/json-shape";
import { CLUSTER, someFacts } from "../../observe/drift/some-facts";

const JUDGED: Judged = {
  drifts: [
    {
      ...{ code: "container-stopped", severity: "broken", where: ["server-b/worker1"] },
      ...{ what: "its container exited", remedy: "start it" },
    },
  ],
  accepted: [
    {
      drift: {
        ...{ code: "alter-system", severity: "advice", where: ["server-c/worker1"], subject: "work_mem" },
        ...{ what: "work_mem was set", declared: "8MB", found: "64MB", remedy: "reset it" },
      },
      reasons: ["a load test"],
    },
  ],
  stale: [{ code: "ports", where: "server-b/worker1", reason: "a tunnel" }],
};
const plainText = (_: string, text: string) => text;

it("drift shows what counts, then what is accepted, then what needn't be", () => {
  expect(driftScreen(JUDGED, CLUSTER, plainText)).toEqual([
    "production  cluster citus: 1 difference, 1 accepted",
    "",
    "broken   server-b/worker1: its container exited (container-stopped)",
    "         → start it",
    "",
    "accepted server-c/worker1: work_mem was set (alter-system: work_mem), found: 64MB; reason: a load test",
    "",
    "stale    ports at server-b/worker1 is accepted (a tunnel), but no longer found: remove it from acceptedDrift in environments/production.ts",
  ]);
  const withValue = { ...JUDGED, stale: JUDGED.stale.map((each) => ({ ...each, found: "none" })) };
  expect(driftScreen(withValue, CLUSTER, plainText).at(-1)).toContain(
    "ports at server-b/worker1 with none is accepted",
  );
  expect(driftScreen({ ...JUDGED, drifts: [], stale: [] }, CLUSTER, plainText)[0]).toBe(
    "production  cluster citus: no drift, 1 accepted",
  );
});

it("drift names no places for what all nodes have", () => {
  const where = CLUSTER.nodes.map(({ id }) => id);
  const drifts = JUDGED.drifts.map((each) => ({ ...each, where }));
  const shown = (nodes = CLUSTER.nodes) =>
    driftScreen({ drifts, accepted: [], stale: [] }, { ...CLUSTER, nodes }, plainText)[2];
  expect(shown()).toBe("broken   its container exited (container-stopped)");
  expect(shown(CLUSTER.nodes.slice(0, 1))).toContain(where.join(", "));
});

it("its JSON has them apart", () => {
  const json = { version: 1, command: "drift", ...describeDrift(JUDGED, someFacts()) };
  expect(expectShape<object>("drift", JSON.stringify(json))).toMatchObject({
    drift: true,
    differences: [{ code: "container-stopped", subject: null }],
    accepted: [{ code: "alter-system", subject: "work_mem", reasons: ["a load test"] }],
    stale: [{ code: "ports", where: "server-b/worker1", subject: null, found: null, reason: "a tunnel" }],
  });
  const none = describeDrift({ ...JUDGED, drifts: [] }, someFacts());
  expect(none).toMatchObject({ drift: false, differences: [] });
});

it("its schema has all codes", () => {
  const { $defs } = JSON.parse(readFileSync("schemas/drift.json", "utf8")) as {
    $defs: { code: { enum: string[] } };
  };
  expect($defs.code.enum).toEqual(DRIFT_CODES);
});

import { describe, expect, it } from "vitest";
import type { AcceptedDrift } from "../../../../model/environment";
import { judge as judgeFound } from "../../../../operations/observe/drift/accepted";
import type { Drift } from "../../../../operations/observe/drift/drift";
import {
  type ClusterFacts,
  type DriftFacts,
  findDrift,
} from "../../../../operations/observe/drift/find-drift";
import type { HostFacts } from "../../../../operations/observe/drift/read-host";
import { type SomeNode, somePlan } from "../review/some-plan";
import { someSnapshot } from "../status/some-snapshot";
import { CLUSTER, someFacts, someHost, someSettings } from "./some-facts";

const WORKERS = ["server-b/worker1", "server-c/worker1"] as const;

/** Of these, and nothing else is there. */
const judge = (drifts: readonly Drift[], entries: readonly AcceptedDrift[], whole = true) =>
  judgeFound({ drifts, whole }, entries);

const altered = (where: readonly string[], subject = "work_mem"): Drift => ({
  ...{ code: "alter-system", severity: "advice", where, subject, what: "was set", remedy: "reset it" },
});
const entry = (more: Partial<AcceptedDrift> = {}): AcceptedDrift => ({
  ...{ code: "alter-system", reason: "a load test" },
  ...more,
});

/** Whether one entry, or several, accept a difference. */
const isAccepted = (drift: Drift, ...entries: AcceptedDrift[]) => judge([drift], entries).drifts.length === 0;

describe("a difference is accepted", () => {
  it("by its code, and by place and subject where they are given", () => {
    const drift = altered([WORKERS[0]]);
    expect(isAccepted(drift, entry())).toBe(true);
    expect(isAccepted(drift, entry({ where: WORKERS[0], subject: "work_mem" }))).toBe(true);
    expect(isAccepted(drift, entry({ code: "setting" }))).toBe(false);
    expect(isAccepted(drift, entry({ where: WORKERS[1] }))).toBe(false);
    expect(isAccepted(drift, entry({ subject: "max_connections" }))).toBe(false);
    expect(isAccepted(drift)).toBe(false);
  });

  it("with the value that is given, or with any", () => {
    const drift = { ...altered([WORKERS[0]]), found: "64MB" };
    expect(isAccepted(drift, entry({ found: "64MB" }))).toBe(true);
    expect(isAccepted(drift, entry({ found: "1GB" }))).toBe(false);
    expect(isAccepted(altered([WORKERS[0]]), entry({ found: "64MB" }))).toBe(false);
    expect(judge([drift], [entry({ found: "1GB" })]).stale).toHaveLength(1);
  });

  it("of several nodes where each of them is", () => {
    const drift = altered(WORKERS);
    const [one, other] = WORKERS.map((where) => entry({ where })) as [AcceptedDrift, AcceptedDrift];
    expect(isAccepted(drift, one)).toBe(false);
    expect(isAccepted(drift, one, other)).toBe(true);
    expect(isAccepted(drift, entry())).toBe(true);
  });

  it("of the cluster as a whole only without a place", () => {
    expect(isAccepted(altered([]), entry())).toBe(true);
    expect(isAccepted(altered([]), entry({ where: WORKERS[0] }))).toBe(false);
  });

  it("with every reason once", () => {
    const entries = WORKERS.map((where, index) => entry({ where, reason: `reason ${index}` }));
    expect(judge([altered(WORKERS)], entries).accepted).toEqual([
      { drift: altered(WORKERS), reasons: ["reason 0", "reason 1"] },
    ]);
    const same = WORKERS.map((where) => entry({ where }));
    expect(judge([altered(WORKERS)], same).accepted[0]?.reasons).toEqual(["a load test"]);
  });
});

describe("an entry is stale", () => {
  it("where there is no such difference, and not where there is one elsewhere too", () => {
    const gone = entry({ subject: "max_connections" });
    expect(judge([altered([WORKERS[0]])], [entry(), gone]).stale).toEqual([gone]);
    expect(
      judge(
        WORKERS.map((where) => altered([where])),
        [entry()],
      ).stale,
    ).toEqual([]);
    const partly = entry({ where: WORKERS[0] });
    expect(judge([altered(WORKERS)], [partly]).stale).toEqual([]);
  });

  it("unless something could not be looked at", () => {
    expect(judge([], [entry({ where: WORKERS[0] })], false).stale).toEqual([]);
    expect(judge([], [entry({ where: WORKERS[0] })]).stale).toHaveLength(1);
  });

  it("unless what it is about is told by another code", () => {
    const setting = entry({ code: "setting", subject: "work_mem" });
    expect(judge([altered([WORKERS[0]])], [setting]).stale).toEqual([]);
    expect(judge([altered([WORKERS[0]], "jit")], [setting]).stale).toEqual([setting]);
  });
});

describe("an entry is not stale although there is no such difference", () => {
  const kept = (facts: DriftFacts, more: Partial<AcceptedDrift> = {}) =>
    judgeFound(findDrift(facts), [entry({ where: WORKERS[0], subject: "work_mem", ...more })]).stale
      .length === 0;
  const { servers } = someFacts();
  const ofServers = (more: Partial<ClusterFacts>) => ({ ...(servers as ClusterFacts), ...more });
  const silent = { what: "no answer", remedy: "check that it is up" };
  const unanswered = ofServers({
    snapshot: someSnapshot({ worker1: { state: null, failed: silent } }),
    settings: new Map(
      CLUSTER.nodes.filter(({ id }) => id !== WORKERS[0]).map(({ id }) => [id, someSettings()]),
    ),
  });
  const onServerB = (host: Partial<HostFacts>, more: Partial<DriftFacts> = {}) =>
    someFacts({ hosts: CLUSTER.hosts.map(({ id }) => someHost(id, id === "server-b" ? host : {})), ...more });

  it("but it is where all was seen", () => {
    expect(kept(someFacts())).toBe(false);
  });

  it("while the container stands still, so that its server can't be asked", () => {
    const down = new Map([["citus-worker1", { what: "it exited", remedy: "start it" }]]);
    expect(kept(onServerB({ down }, { servers: unanswered }))).toBe(true);
    expect(kept(onServerB({ containers: new Map(), down }, { servers: unanswered }))).toBe(true);
  });

  it("while its host's network is gone", () => {
    expect(kept(onServerB({ network: undefined }, { servers: unanswered }))).toBe(true);
    expect(kept(onServerB({ network: undefined }), { code: "subnet", where: "server-b" })).toBe(true);
  });

  it("while another server answers in its place, or in the coordinator's", () => {
    const snapshot = someSnapshot({ worker1: { state: { server_id: "another" } } });
    expect(kept(someFacts({ servers: ofServers({ snapshot }) }))).toBe(true);
    expect(kept(someFacts({ servers: ofServers({ doubts: [silent] }) }))).toBe(true);
  });

  it("while its server says nothing of its settings", () => {
    const settings = new Map(
      CLUSTER.nodes.map(({ id }) => [id, id === WORKERS[0] ? silent : someSettings()]),
    );
    expect(kept(someFacts({ servers: ofServers({ settings }) }))).toBe(true);
    expect(kept(someFacts({ servers: ofServers({ settings: unanswered.settings }) }))).toBe(true);
  });

  it("while a view is missing", () => {
    expect(kept(someFacts({ servers: { unknown: silent } }))).toBe(true);
    expect(kept(someFacts({ plan: { unknown: silent } }))).toBe(true);
    const hosts = CLUSTER.hosts.map((host) =>
      host.id === "server-b" ? { host, unknown: silent } : someHost(host.id),
    );
    expect(kept(someFacts({ hosts }))).toBe(true);
  });

  it("while its configuration is not applied, behind which its settings and its container are not told", () => {
    const planOf = (worker: SomeNode) =>
      somePlan(
        Object.fromEntries(
          CLUSTER.nodes.map(({ id }) => {
            const of = id === WORKERS[0] ? worker : {};
            return [id, { ...of, before: { id: `container of ${id}`, ...of.before } }];
          }),
        ),
      );
    const updated = planOf({ container: ["update"], before: { memory: 1 }, after: { memory: 2 } });
    const replaced = planOf({
      container: ["delete", "create"],
      before: { image: "a" },
      after: { image: "b" },
    });
    expect(kept(someFacts({ plan: replaced }), { code: "ports" })).toBe(true);
    const other = someSettings();
    const lower = other.settings.map((each) =>
      each.name === "work_mem" ? { ...each, value: "4096", source: "default" } : each,
    );
    const settings = new Map(
      CLUSTER.nodes.map(({ id }) => [id, id === WORKERS[0] ? { ...other, settings: lower } : other]),
    );
    expect(kept(someFacts({ plan: updated, servers: ofServers({ settings }) }), { code: "setting" })).toBe(
      true,
    );
    // Nothing is hidden by an edit that says nothing of settings.
    expect(kept(someFacts({ plan: updated }))).toBe(false);
  });
});

describe("what ALTER ROLE has set on all nodes", () => {
  const role = { database: null, role: "app", name: "jit", value: "off" };
  const { servers } = someFacts();
  const settings = new Map(CLUSTER.nodes.map(({ id }) => [id, someSettings({ roles: [role] })]));
  const found = findDrift(someFacts({ servers: { ...(servers as ClusterFacts), settings } }));
  const entries = CLUSTER.nodes.map(({ id }) => entry({ code: "role-setting", where: id }));

  it("is accepted by entries that name each of them, and by one that names none", () => {
    expect(judgeFound(found, entries)).toMatchObject({ drifts: [], accepted: [{}], stale: [] });
    expect(judgeFound(found, entries.slice(1))).toMatchObject({ drifts: [{}], accepted: [], stale: [] });
    expect(judgeFound(found, [entry({ code: "role-setting" })])).toMatchObject({ drifts: [], stale: [] });
  });
});

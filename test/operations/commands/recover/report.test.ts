import { describe, expect, it } from "vitest";
import type { Recovery } from "../../../../operations/change/recover/recover";
import { describeRecovery, reportNext, reportPlan } from "../../../../operations/commands/recover/report";
import { situation } from "../../change/recover/some-situation";
import { CLUSTER } from "../../observe/drift/some-facts";

const plainText = (_: string, text: string) => text;
const recovery: Recovery = {
  ...{ cluster: CLUSTER, situation: situation(), actions: [], memberships: ["server-b/worker1"] },
  carryOut: () => Promise.reject(new Error("not here")),
  close: () => Promise.resolve(),
};

describe("a recovery's report", () => {
  it("names the memberships that are put back, as its JSON does", () => {
    expect(reportPlan(recovery, plainText).join("\n")).toContain("no membership of server-b/worker1,");
    const json = describeRecovery(recovery, "done", { unhealthy: [], unsafe: false });
    expect(json).toMatchObject({ memberships: ["server-b/worker1"], outcome: "done", unsafe: false });
  });

  it("says what to do about a host that could not be asked", () => {
    const [host] = recovery.situation.hosts;
    if (host === undefined) throw new Error("no host");
    const lost = { ...host, unreachable: "its container a is paused", remedy: "`docker unpause a`" };
    const [line] = reportPlan({ ...recovery, situation: situation({ hosts: [lost] }) }, plainText);
    expect(line).toBe(
      `Docker host ${host.host} can't be inspected: its container a is paused. Left out. To include it: \`docker unpause a\`.`,
    );
  });

  it("says what brings back memberships that could not be put back, and nothing of it otherwise", () => {
    const [, unsafe] = reportNext(recovery, true);
    expect(unsafe).toContain("delete no worker");
    expect(unsafe).toContain("undo what was edited in the environment since its last deploy");
    expect(unsafe).toContain("`npx pg-dist recover production`");
    expect(reportNext(recovery, false)).toHaveLength(1);
  });
});

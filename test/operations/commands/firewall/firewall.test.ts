import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Environment } from "../../../../model/environment";
import { pgDistInProcess } from "../../../fixtures/commands-in-process";
import { expectShape } from "../../../fixtures/json-shape";
import { clusterOf, server } from "../../../model/samples";

/** Nothing listens there. */
const TCP = { connection: "tcp://127.0.0.1:9" };

/** Without a server: what is said before one is asked, and of those that can't be. */
describe("firewall", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pg-dist-firewall-"));
    mkdirSync(join(folder, "environments"));
    writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ app: "true" }));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const firewall = (environment: Environment, ...args: string[]) => {
    const text = `export const environment = ${JSON.stringify(environment)};`;
    writeFileSync(join(folder, "environments", `${environment.name}.ts`), text);
    return pgDistInProcess(folder, ["firewall", environment.name, ...args, "--timeout", "5"]);
  };

  const overTcp = clusterOf(
    { b: 1 },
    { hosts: { a: server(1, TCP), b: server(2, { connection: "unix:///nonexistent.sock" }) } },
  );

  it("has no shell over tcp:// and unix://, and says who can do it", async () => {
    const checked = await firewall(overTcp, "check", "--json");
    expect(checked.code).toBe(3);
    const { servers } = expectShape<{
      servers: { rules: string; faults: { what: string; remedy: string }[] }[];
    }>("firewall", checked.stdout);
    expect(servers.map(({ rules }) => rules)).toEqual(["unknown", "unknown"]);
    expect(servers[1]?.faults).toEqual([
      {
        what: "its engine is reached by unix://, which gives no shell on the server",
        remedy:
          "have somebody with root there run what `npx pg-dist firewall staging show --host b` prints; `--removal` prints what takes it away",
      },
    ]);
    for (const action of ["apply", "remove"]) {
      const { code, stderr } = await firewall(overTcp, action, "--yes");
      expect(stderr).toContain("a: its engine is reached by tcp://, which gives no shell on the server");
      expect(code).toBe(4);
    }
  });

  it("shows the scripts all the same, with the subnet of the environment", async () => {
    const { code, stdout, stderr } = await firewall(overTcp, "show", "--host", "b");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^#!\/bin\/sh\n# pg-dist: firewall of cluster citus on b; for root\.\nmain\(\) \{\n/,
    );
    expect(stdout).toContain("ip daddr 10.0.0.2 tcp dport { 5432 } jump judge");
    expect(stdout).not.toContain("on a;");
    expect(stderr).toMatch(
      /^warning: b: .*the subnet of the cluster's network is taken from the environment\n$/,
    );
    const removal = await firewall(overTcp, "show", "--removal");
    expect(removal.stdout.match(/^main$/gm)).toHaveLength(2);
    expect(removal.stdout).not.toContain("nft -f");
  });

  it("wants to know from where each member comes", async () => {
    const b = server(2, { address: "b.internal", bindAddress: "0.0.0.0", allowPublicBind: true });
    const named = clusterOf({ b: 1 }, { hosts: { a: server(1), b } });
    const { code, stderr } = await firewall(named, "show", "--removal");
    expect(code).toBe(1);
    expect(stderr).toContain("from which IPv4 address the connections of b arrive isn't known");
    expect(stderr).toContain(
      'say it in environments/staging.ts: firewall: { members: { "b": ["10.0.0.4"] } }',
    );
    const followed = await firewall(
      { ...named, name: "followed", firewall: { members: { b: ["10.0.0.4"] } } },
      "show",
      "--removal",
    );
    expect(followed.code).toBe(0);
  });

  it.each([
    [["check", "--host", "c"], "no Docker host c in staging: use one of: a, b"],
    [["check", "--yes"], "--yes is not for check: see `npx pg-dist firewall --help`"],
    [["apply", "--json"], "--json is not for apply"],
    [["check", "--removal"], "--removal is not for check"],
    [["dance"], "Allowed choices are show, check, apply, remove"],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await firewall(overTcp, ...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

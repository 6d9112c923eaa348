import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { describeCluster } from "../../../../model/cluster";
import type { Environment } from "../../../../model/environment";
import { describeFirewall } from "../../../../model/firewall";
import { callerOf } from "../../../../operations/base/caller/caller";
import { revertScript, keepScript, tryScript } from "../../../../operations/change/firewall/scripts";
import { runAsRoot } from "../../../../operations/docker/root-shell";
import { CommandError, run } from "../../../../testbed/command";
import { type Parts, findParts } from "../../../../testbed/parts";
import type { TestHost } from "../../../../testbed/test-host";
import { Testbed } from "../../../../testbed/testbed";
import { CommandProject } from "../../../e2e/command-project";
import { hostOptions } from "../../../e2e/production-hosts";
import { expectShape } from "../../../fixtures/json-shape";

const SUBNET = "10.213.7.0/24";

/** Published by a container on server-a that isn't the cluster's, and that nobody may be kept from. */
const FOREIGN_PORT = 6000;

/** Steps in their order, on servers with an engine and an sshd each. The nodes are plain PostgreSQL: only packets matter. */
describe("firewall", () => {
  let parts: Parts;
  let bed: Testbed;
  let a: TestHost;
  let b: TestHost;
  /** A server on the same network that is no member. */
  let stranger: TestHost;
  let project: CommandProject;
  let environment: Environment;
  let untouched: string;

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    bed = await Testbed.start({ hosts: ["server-a", "server-b", "stranger"], parts, log: console.log });
    [a, b, stranger] = ["server-a", "server-b", "stranger"].map((id) => bed.hosts[id]) as [
      TestHost,
      TestHost,
      TestHost,
    ];
    environment = {
      name: "test",
      hosts: {
        "server-a": { ...hostOptions(bed, "server-a"), subnet: SUBNET },
        "server-b": hostOptions(bed, "server-b"),
      },
      coordinator: { host: "server-a" },
      workers: { "server-a": 1, "server-b": 1 },
      firewall: { allow: [bed.rootAddress] },
    };
    project = new CommandProject(environment, "unused");
    for (const host of [a, b]) await host.docker("network", "create", "--subnet", SUBNET, "citus");
    await a.docker("network", "create", "others");
    await serve(a, "citus-coordinator", "citus", `${a.address}:5432:5432`);
    await serve(a, "citus-worker1", "citus", `${a.address}:5433:5432`);
    await serve(b, "citus-worker1", "citus", `${b.address}:5432:5432`);
    await serve(a, "foreign", "others", `${a.address}:${FOREIGN_PORT}:5432`);
    // Whoever is on the same network can ask the server to route to its containers.
    await stranger.exec("ip", "route", "add", SUBNET, "via", a.address);
    untouched = await rulesOfOthers(a);
  });
  afterAll(async () => {
    project?.remove();
    await bed?.stop();
    await parts?.stop();
  });

  async function serve(host: TestHost, name: string, network: string, port: string): Promise<void> {
    const trust = ["-e", "POSTGRES_HOST_AUTH_METHOD=trust", "-e", "POSTGRES_PASSWORD=unused"];
    await host.docker(
      "run",
      "-d",
      "--name",
      name,
      "--network",
      network,
      "-p",
      port,
      ...trust,
      parts.image.tag,
    );
    await serves(host, name);
  }

  const serves = (host: TestHost, name: string) =>
    vi.waitUntil(() => ready(host, name, "127.0.0.1", 5432), { timeout: 120_000, interval: 200 });

  /** From a container, as the cluster's own connections. */
  const ready = (host: TestHost, container: string, address: string, port: number) =>
    succeeds(() =>
      host.docker("exec", container, "pg_isready", "-t", "4", "-h", address, "-p", String(port)),
    );

  /** From a server. */
  const opens = (host: TestHost, address: string, port: number) =>
    succeeds(() => host.exec(...dial(address, port)));

  /** From the machine that runs the tests, which `allow` lets in. */
  const allowedOpens = (address: string, port: number) => {
    const [command, ...args] = dial(address, port);
    return succeeds(() => run(command, args));
  };

  const dial = (address: string, port: number): [string, ...string[]] => [
    ...(["timeout", "4", "bash", "-c", `exec 3<>/dev/tcp/${address}/${port}`] as const),
  ];

  /** Rules of everybody else on a server, without their counters and dates. */
  async function rulesOfOthers(host: TestHost): Promise<string> {
    const [iptables, tables] = [await host.exec("iptables-save"), await host.exec("nft", "list", "tables")];
    return [
      ...iptables.split("\n").filter((line) => !line.startsWith("#")),
      ...tables.split("\n").filter((line) => !line.includes("pgdist")),
    ]
      .join("\n")
      .replaceAll(/\[\d+:\d+\]/g, "");
  }

  const ownTable = (host: TestHost) => host.exec("nft", "-a", "-s", "list", "table", "inet", "pgdist-citus");

  const firewall = (...args: string[]) => project.run("firewall", "test", ...args);

  async function coordinatorAddress(): Promise<string> {
    return a.docker("inspect", "-f", "{{.NetworkSettings.Networks.citus.IPAddress}}", "citus-coordinator");
  }

  /** What a firewall of this cluster is for, by packets. */
  async function expectInForce(): Promise<void> {
    const [members, clients, strangers] = await Promise.all([
      answersOf({
        "worker of b to the coordinator": ready(b, "citus-worker1", a.address, 5432),
        "worker of b to the worker of a": ready(b, "citus-worker1", a.address, 5433),
        "coordinator to the worker of b": ready(a, "citus-coordinator", b.address, 5432),
        "coordinator to the worker beside it": ready(a, "citus-coordinator", a.address, 5433),
        "coordinator to itself": ready(a, "citus-coordinator", a.address, 5432),
        "server b to the coordinator": opens(b, a.address, 5432),
        "server a to its own coordinator": opens(a, a.address, 5432),
      }),
      answersOf({ a: allowedOpens(a.address, 5432), b: allowedOpens(b.address, 5432) }),
      answersOf({
        "to the coordinator": opens(stranger, a.address, 5432),
        "to the worker of a": opens(stranger, a.address, 5433),
        "to the worker of b": opens(stranger, b.address, 5432),
        "to the coordinator's container": opens(stranger, await coordinatorAddress(), 5432),
        // By docker-proxy, which neither DOCKER-USER nor any other chain of forwarding sees.
        "from another container of a": ready(a, "foreign", a.address, 5432),
      }),
    ]);
    expect({ ...members, ...clients }).toEqual(
      Object.fromEntries([...Object.keys(members), ...Object.keys(clients)].map((name) => [name, true])),
    );
    expect(strangers).toEqual(Object.fromEntries(Object.keys(strangers).map((name) => [name, false])));
    await expectOthersUntouched();
  }

  async function expectOthersUntouched(): Promise<void> {
    expect(await opens(stranger, a.address, FOREIGN_PORT)).toBe(true);
    expect(await opens(stranger, a.address, 22)).toBe(true);
    expect(await opens(stranger, b.address, 22)).toBe(true);
  }

  it("is missing at first: a stranger reaches the nodes on every way", async () => {
    expect(await opens(stranger, a.address, 5432)).toBe(true);
    expect(await opens(stranger, await coordinatorAddress(), 5432)).toBe(true);
    expect(await ready(a, "foreign", a.address, 5432)).toBe(true);
    const { code, output } = await firewall("check");
    expect(code, output).toBe(3);
    expect(output).toMatch(/broken +server-a: .*:5432, .*:5433 from /);
    expect(output).toContain("no rules are in force: whoever reaches the server reaches the nodes");
    expect(output).toContain("→ `npx pg-dist firewall test apply`");
  });

  it("is put in force by apply: members and clients pass, strangers don't, nothing else is touched", async () => {
    const { code, output } = await firewall("apply", "--yes");
    expect(code, output).toBe(0);
    expect(output).toContain("in force on trial on server-a, server-b");
    expect(output).toMatch(/the nodes reach each other as before \(6 ways\)/);
    expect(output).toContain("server-b: confirmed by a new login, and kept");
    await expectInForce();
    expect(await rulesOfOthers(a)).toBe(untouched);
  });

  it("is as declared to check, and stays as it is when it is applied again", async () => {
    const { code, output } = await firewall("check", "--json");
    expect(code, output).toBe(0);
    expect(expectShape("firewall", output)).toMatchObject({
      asDeclared: true,
      servers: [
        {
          host: "server-a",
          published: [{ ip: a.address, ports: [5432, 5433] }],
          allowed: [a.address, b.address, SUBNET, bed.rootAddress],
          // The test hosts have no systemd.
          ...{ rules: "right", atStart: "unmanaged", faults: [] },
        },
        { host: "server-b", rules: "right" },
      ],
    });
    const before = await ownTable(a);
    const again = await firewall("apply", "--yes");
    expect(again.output).toContain("server-a, server-b: in force already, as declared");
    expect(again.code).toBe(0);
    expect(await ownTable(a)).toBe(before);
  });

  it("survives a restart of the engine", async () => {
    const before = await ownTable(a);
    await a.exec("bash", "-c", "kill $(</run/docker.pid); while [ -e /run/docker.pid ]; do sleep 0.1; done");
    await a.exec("bash", "-c", "setsid dockerd </dev/null >/run/dockerd-again.log 2>&1 &");
    await expect.poll(() => succeeds(() => a.docker("ps")), { timeout: 60_000 }).toBe(true);
    for (const name of ["citus-coordinator", "citus-worker1", "foreign"]) {
      await a.docker("start", name);
      await serves(a, name);
    }
    expect(await ownTable(a)).toBe(before);
    await expectInForce();
  });

  it("comes back at a start of the server by the file alone, which the unit loads", async () => {
    const before = await a.exec("nft", "-s", "list", "table", "inet", "pgdist-citus");
    await a.exec("nft", "delete", "table", "inet", "pgdist-citus");
    await a.exec("nft", "-f", "/etc/pg-dist/firewall-citus.nft");
    expect(await a.exec("nft", "-s", "list", "table", "inet", "pgdist-citus")).toBe(before);
  });

  it("that was changed by hand, or lost, is said and mended", async () => {
    await a.exec(
      "nft",
      "insert",
      "rule",
      "inet",
      "pgdist-citus",
      "judge",
      "ip",
      "saddr",
      stranger.address,
      "accept",
    );
    await b.exec("nft", "delete", "table", "inet", "pgdist-citus");
    expect(await opens(stranger, a.address, 5432)).toBe(true);
    const { code, output } = await firewall("check");
    expect(code, output).toBe(3);
    expect(output).toContain(`other rules are in force (not declared: ip saddr ${stranger.address} accept)`);
    expect(output).toContain("no rules are in force");
    const mended = await firewall("apply", "--yes");
    expect(mended.code, mended.output).toBe(0);
    expect(await opens(stranger, a.address, 5432)).toBe(false);
  });

  it("follows the environment: another client", async () => {
    const open = { ...environment, firewall: { allow: [bed.rootAddress, `${stranger.address}/32`] } };
    const other = new CommandProject(open, "unused");
    try {
      const { code, output } = await other.run("firewall", "test", "check", "--host", "server-a");
      expect(code, output).toBe(3);
      expect(output).toContain(`not in force: ${stranger.address}`);
      expect((await other.run("firewall", "test", "apply", "--yes")).code).toBe(0);
      expect(await opens(stranger, a.address, 5432)).toBe(true);
    } finally {
      other.remove();
    }
    expect((await firewall("apply", "--yes")).code).toBe(0);
    expect(await opens(stranger, a.address, 5432)).toBe(false);
  });

  it("ends by itself where nobody confirms it, with the rules from before", async () => {
    const before = await a.exec("nft", "-s", "list", "table", "inet", "pgdist-citus");
    // It would lock all members out.
    const [closed] = describeFirewall({ ...environment, firewall: {} }).map((each) => ({
      ...each,
      sources: ["192.0.2.1"],
    }));
    const [host] = describeCluster(environment).hosts;
    if (closed === undefined || host === undefined) throw new Error("no server");
    const caller = callerOf({ ...process.env });
    await runAsRoot(host, tryScript(closed, "first", 10), caller);
    expect(await a.exec("nft", "list", "table", "inet", "pgdist-citus")).toContain("192.0.2.1");
    await expect(runAsRoot(host, tryScript(closed, "second", 10), caller)).rejects.toThrow(
      /somebody else is at it/,
    );
    await expect
      .poll(() => a.exec("nft", "-s", "list", "table", "inet", "pgdist-citus"), { timeout: 30_000 })
      .toBe(before);
    await expect(runAsRoot(host, keepScript(closed, "first"), caller)).rejects.toThrow(
      /the time to confirm is over, and the rules from before are back/,
    );
    await runAsRoot(host, tryScript(closed, "third", 600), caller);
    await runAsRoot(host, revertScript(closed, "third"), caller);
    expect(await a.exec("nft", "-s", "list", "table", "inet", "pgdist-citus")).toBe(before);
  });

  it("is taken back where a member comes from another address, until that is declared", async () => {
    const second = `${bed.state.subnet}.200`;
    await b.exec("ip", "address", "add", `${second}/24`, "dev", "eth0");
    const masked = [
      "POSTROUTING",
      "-o",
      "eth0",
      "-p",
      "tcp",
      "--dport",
      "5432:5433",
      "-j",
      "SNAT",
      "--to-source",
      second,
    ];
    expect((await firewall("remove", "--yes")).code).toBe(0);
    await b.exec("iptables", "-t", "nat", "-I", ...masked);
    const { code, output } = await firewall("apply", "--yes");
    expect(code, output).toBe(1);
    expect(output).toContain(
      "with these rules server-b no longer reaches server-a/coordinator, so they were taken back",
    );
    expect(output).toContain('firewall: { members: { "server-b": ["..."] } }');
    expect(await ready(b, "citus-worker1", a.address, 5432)).toBe(true);
    await expect(ownTable(a)).rejects.toThrow(CommandError);
    const followed = new CommandProject(
      { ...environment, firewall: { ...environment.firewall, members: { "server-b": [second] } } },
      "unused",
    );
    try {
      const applied = await followed.run("firewall", "test", "apply", "--yes");
      expect(applied.code, applied.output).toBe(0);
    } finally {
      followed.remove();
    }
    expect(await ready(b, "citus-worker1", a.address, 5432)).toBe(true);
    await b.exec("iptables", "-t", "nat", "-D", ...masked);
  });

  it("needs root on the server", async () => {
    await b.exec(
      "useradd",
      "--no-create-home",
      "--home-dir",
      "/tmp",
      "--shell",
      "/bin/sh",
      "--password",
      "*",
      "deploy",
    );
    await b.exec("chmod", "666", "/run/docker.sock");
    await b.exec("chmod", "644", "/etc/ssh/testbed_authorized_keys");
    const plain = new CommandProject(
      {
        ...environment,
        hosts: {
          ...environment.hosts,
          "server-b": { ...hostOptions(bed, "server-b"), connection: `ssh://deploy@${b.address}` },
        },
      },
      "unused",
    );
    try {
      const { code, output } = await plain.run("firewall", "test", "apply", "--yes");
      expect(code, output).toBe(1);
      expect(output).toMatch(
        /server-b: needs root there, and sudo doesn't give it: .*\n?.*by sudo without a password/,
      );
    } finally {
      plain.remove();
    }
  });

  it("is what show prints, for whoever has root", async () => {
    expect((await firewall("remove", "--yes")).code).toBe(0);
    for (const host of [a, b]) {
      const { code, output } = await firewall("show", "--host", host.id);
      expect(code, output).toBe(0);
      for (const _ of ["first", "again"]) await host.namespaces.run("sh", [], { input: output });
    }
    await expectInForce();
    expect((await firewall("check")).code).toBe(0);
  });

  it("is gone after remove, and all is as before", async () => {
    const { code, output } = await firewall("remove", "--yes");
    expect(code, output).toBe(0);
    expect(await opens(stranger, a.address, 5432)).toBe(true);
    expect(await ready(a, "foreign", a.address, 5432)).toBe(true);
    await expectOthersUntouched();
    for (const host of [a, b]) {
      await expect(ownTable(host)).rejects.toThrow(CommandError);
      await expect(host.exec("ls", "/etc/pg-dist")).rejects.toThrow(CommandError);
      expect(await host.exec("ls", "/run/pg-dist-firewall")).toBe("");
    }
    expect(await firewall("remove", "--yes")).toMatchObject({ code: 0 });
  });
});

async function answersOf(
  asked: Readonly<Record<string, Promise<boolean>>>,
): Promise<Record<string, boolean>> {
  const entries = Object.entries(asked);
  const answers = await Promise.all(entries.map(([, answer]) => answer));
  return Object.fromEntries(entries.map(([name], index) => [name, answers[index] === true]));
}

async function succeeds(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

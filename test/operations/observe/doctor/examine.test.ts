import { describe, expect, it, test } from "vitest";
import { examine as examineData } from "../../../../operations/observe/doctor/examine";
import type { PostgresFacts } from "../../../../operations/observe/doctor/facts";
import type {
  ContainerInspection,
  EngineInspection,
  Inspection,
} from "../../../../operations/observe/doctor/inspection";
import { problemsOf } from "../../../fixtures/doctored-cluster";
import {
  healthyInspection,
  insideOf,
  someContainer,
  withHost,
  withInside,
  withNode,
} from "./some-inspection";
import { told } from "../../../fixtures/told";
import { describeFindings } from "../../../../operations/commands/doctor/json";

const examine = (...given: Parameters<typeof examineData>) =>
  told(describeFindings(examineData(...given), "production"));

describe("the doctor's checks", () => {
  it("find nothing wrong where nothing is", () => {
    const findings = examine(healthyInspection());
    expect(problemsOf(findings)).toEqual([]);
    expect(findings.filter(({ outcome }) => outcome === "ok").length).toBeGreaterThan(40);
  });

  const engine = (changes: Partial<EngineInspection>) => {
    const [host] = healthyInspection().hosts;
    return withHost({ engine: { ...(host?.engine as EngineInspection), ...changes } });
  };
  const container = (changes: Partial<ContainerInspection>) =>
    withNode({ container: someContainer(changes) });
  const server = (changes: Partial<PostgresFacts>) => {
    const { server: healthy } = insideOf(healthyInspection());
    return withInside({ server: { ...(healthy as PostgresFacts), ...changes } });
  };
  const settings = (changes: Record<string, string>) => {
    const { settings: healthy } = insideOf(healthyInspection()).server as PostgresFacts;
    return server({ settings: { ...healthy, ...changes } });
  };
  const published = (
    ports: { ip: string; port: number }[],
    more: Partial<Inspection["hosts"][number]> = {},
  ) => {
    const inspection = withHost(more);
    const nodes = inspection.nodes.map((each) =>
      each.node.name === "worker1"
        ? {
            ...each,
            node: { ...each.node, published: { ip: "10.0.0.1", port: 5433 } },
            container: someContainer({ ports }),
          }
        : each,
    );
    return { ...inspection, nodes };
  };

  test.each<[string, Inspection, RegExp]>([
    ["an old engine", engine({ version: "19.03.15" }), /^failed engine server-a: Docker 19\.03\.15/],
    [
      "an architecture that is emulated, as of a laptop",
      engine({ architecture: "aarch64" }),
      /^warning architecture server-a: linux\/aarch64: .*under emulation/,
    ],
    [
      "another architecture",
      engine({ architecture: "ppc64le" }),
      /^failed architecture server-a: linux\/ppc64le/,
    ],
    [
      "another system",
      engine({ os: "windows", architecture: "aarch64" }),
      /^failed architecture server-a: windows\/aarch64/,
    ],
    [
      "a clock that is behind",
      engine({ skew: -3200 }),
      /^warning clock server-a: 3\.2 s behind this machine/,
    ],
    ["a clock of another day", engine({ skew: 86_400_000 }), /^failed clock server-a: 86400\.0 s ahead/],
    [
      "little disk",
      withHost({ system: { disks: [{ path: "/data", size: 100e9, free: 10e9 }], missing: [], routes: [] } }),
      /^warning disk server-a: \/data: 9\.31 GB free of 93\.1 GB \(10 %\)/,
    ],
    [
      "a data directory that is missing",
      withHost({ dataPath: "/ssd", system: { disks: [], missing: ["/ssd/citus-worker1"], routes: [] } }),
      /^failed data directory server-a: \/ssd\/citus-worker1 does not exist/,
    ],
    [
      "a subnet that is taken",
      withHost({
        network: undefined,
        system: { disks: [], missing: [], routes: [{ subnet: "10.213.0.0/16", device: "wg0" }] },
      }),
      /^failed network server-a: 10\.213\.7\.0\/24 overlaps the route 10\.213\.0\.0\/16 of wg0/,
    ],
    [
      "a killed server",
      container({ status: "exited", exitCode: 137, outOfMemory: true }),
      /^failed container server-a\/worker1: citus-worker1 exited \(killed by the kernel: out of memory\)/,
    ],
    [
      "a paused container about which Docker answers no request",
      withNode({ container: { listed: "paused" }, inside: undefined }),
      /^failed container server-a\/worker1: citus-worker1 is paused/,
    ],
    [
      "one that is listed as running, about which it answers none",
      withNode({ container: { listed: "running" }, inside: undefined }),
      /^failed container server-a\/worker1: citus-worker1 is running, but Docker does not answer requests about it/,
    ],
    [
      "a process that was killed for want of memory",
      container({ outOfMemory: true }),
      /^warning container server-a\/worker1: running since .*, and since then the kernel has killed a process in it/,
    ],
    [
      "a container that couldn't start",
      container({ status: "created", exitCode: 128, error: "port is already allocated" }),
      /^failed container server-a\/worker1: citus-worker1 is created \(code 128; port is already allocated\)/,
    ],
    [
      "a restart",
      container({ restarts: 1, lastLine: "PANIC:  x" }),
      /^warning container server-a\/worker1: .*restarted 1 times by Docker: PANIC/,
    ],
    [
      "an unhealthy container",
      container({ health: "unhealthy", healthOutput: "division by zero" }),
      /^failed health server-a\/worker1: unhealthy: division by zero/,
    ],
    [
      "another port than declared",
      published([{ ip: "10.0.0.1", port: 5432 }]),
      /^failed port server-a\/worker1: 10\.0\.0\.1:5433 is not published, but 10\.0\.0\.1:5432/,
    ],
    [
      "a port of another container",
      published([], { published: [{ container: "other", ip: "0.0.0.0", port: 5433 }] }),
      /^failed port server-a\/worker1: 10\.0\.0\.1:5433 is taken by the container other/,
    ],
    [
      "a standby",
      server({ in_recovery: true }),
      /^failed server server-a\/worker1: PostgreSQL 17\.12 is in recovery/,
    ],
    [
      "few connections left",
      server({ connections: 80 }),
      /^warning server server-a\/worker1: 80 of 100 connections/,
    ],
    [
      "no connections left",
      server({ connections: 95 }),
      /^failed server server-a\/worker1: 95 of 100 connections/,
    ],
    [
      "shards that can't move online",
      settings({ wal_level: "replica" }),
      /^warning settings server-a\/worker1: wal_level = replica/,
    ],
    [
      "citus not first",
      settings({ shared_preload_libraries: "pg_stat_statements,citus" }),
      /^failed settings .*citus is not the first/,
    ],
    [
      "few workers",
      settings({ max_worker_processes: "4" }),
      /^warning settings server-a\/worker1: max_worker_processes = 4/,
    ],
    [
      "few senders",
      settings({ max_wal_senders: "1" }),
      /^warning settings server-a\/worker1: max_wal_senders = 1/,
    ],
    [
      "another node's name",
      settings({ cluster_name: "citus server-b/worker1 b:5432" }),
      /^failed identity server-a\/worker1: .*says that it is "citus server-b\/worker1/,
    ],
    [
      "an old library",
      withInside({ citus: { ...citusOf(), library: "12.1.0" } }),
      /^failed extension server-a\/worker1: Citus 12\.1\.0, the coordinator has 13\.0\.3/,
    ],
  ])("name %s", (_title, inspection, problem) => {
    expect(problemsOf(examine(inspection))).toEqual([expect.stringMatching(problem)]);
  });

  test.each([
    ["ssh-missing", "OpenSSH client"],
    ["ssh-refused", "ssh-copy-id root@a"],
    ["ssh-key-file", "chmod 600"],
    ["ssh-host-key", "not known here"],
    ["ssh-host-key-changed", "StrictHostKeyChecking=ask"],
    ["unknown-name", "can't resolve"],
    ["forbidden", "usermod -aG docker"],
    ["engine-down", "systemctl start docker"],
    ["docker-missing", "install Docker Engine"],
    ["connection-refused", "start sshd"],
    ["no-route", "no route"],
    ["timeout", "firewall"],
    ["failed", "check that the engine answers there"],
  ] as const)("say what to do about an engine that can't be asked: %s", (code, remedy) => {
    const host = { id: "a", connection: "ssh://root@a", sshOptions: [] };
    const inspection = withHost({ host, engine: { unreachable: "what was said", code } });
    const [finding] = examine(inspection).filter(({ check }) => check === "engine");
    expect(finding).toMatchObject({ outcome: "failed", where: "a" });
    expect(finding?.remedy).toContain(remedy);
  });

  it("log in with the host's own port and options", () => {
    const host = { id: "a", connection: "ssh://root@a:2222", sshOptions: ["-J", "bastion"] };
    const remedy = (code: "ssh-host-key" | "ssh-refused") =>
      examine(withHost({ host, engine: { unreachable: "what was said", code } })).find(
        ({ check }) => check === "engine",
      )?.remedy;
    expect(remedy("ssh-host-key")).toContain(
      "`ssh -o StrictHostKeyChecking=ask -o BatchMode=no -J bastion -p 2222 root@a true`",
    );
    expect(remedy("ssh-refused")).toContain("ssh-copy-id -p 2222 root@a, or");
  });

  it("name clocks that differ from each other", () => {
    const inspection = healthyInspection();
    const [host] = inspection.hosts;
    if (host === undefined) throw new Error("no host");
    const clock = (id: string, skew: number) => ({
      ...host,
      host: { ...host.host, id },
      engine: { ...(host.engine as EngineInspection), skew, tolerance: 10 },
    });
    const two = { ...inspection, hosts: [clock("server-a", -800), clock("server-b", 800)] };
    expect(problemsOf(examine(two))).toEqual([
      expect.stringMatching(
        /^warning clock production: the clocks of server-a and server-b are 1\.6 s apart/,
      ),
    ]);
  });

  it("name a server that answers at another's address", () => {
    const { reached } = insideOf(healthyInspection());
    const [coordinator, worker1, worker2] = reached;
    if (coordinator === undefined || worker1 === undefined || worker2 === undefined)
      throw new Error("reached none");
    const inspection = withInside({ reached: [coordinator, worker1, { ...worker2, serverId: "id-9" }] });
    expect(problemsOf(examine(inspection))).toEqual([
      expect.stringMatching(
        /^failed reachability server-a\/worker1: citus-worker2:5432 leads to another server than server-a\/worker2/,
      ),
    ]);
  });

  it("don't blame a node that the time was too short for", () => {
    const { reached } = insideOf(healthyInspection());
    const inspection = withInside({ reached: reached.map(({ endpoint }) => ({ endpoint, untried: true })) });
    const findings = examine(inspection).filter(
      ({ check, where }) => `${check} ${where}` === "reachability server-a/worker1",
    );
    expect(problemsOf(findings)).toEqual([]);
    expect(findings).toMatchObject([
      { outcome: "skipped", seen: expect.stringContaining("--timeout") as string },
    ]);
  });

  it("skip what is inside a container that there was no time to enter", () => {
    const inspection = withNode({ inside: { unreachable: "the time was over; --timeout", untried: true } });
    expect(problemsOf(examine(inspection))).toEqual([]);
    expect(examine(inspection).filter(({ check }) => check === "inside")).toEqual([
      {
        outcome: "skipped",
        check: "inside",
        where: "server-a/worker1",
        seen: "the time was over; --timeout",
      },
    ]);
    expect(problemsOf(examine(withNode({ inside: { unreachable: "no answer in time" } })))).toEqual([
      expect.stringMatching(/^failed inside server-a\/worker1: no answer in time/),
    ]);
  });

  const registration = (changes: Partial<NonNullable<Inspection["registered"]>>) => {
    const { registered, ...rest } = healthyInspection();
    if (registered === undefined) throw new Error("nothing is registered");
    const findings = examine({ ...rest, registered: { ...registered, ...changes } });
    return findings.filter(({ check, outcome }) => check === "registration" && outcome !== "ok");
  };

  it("name the endpoint to remove a worker by that was added by hand, and the id of one of ours", () => {
    const { registered } = healthyInspection();
    const [, worker] = registered?.nodes ?? [];
    if (registered === undefined || worker === undefined) throw new Error("nothing is registered");
    const byHand = { ...worker, nodeid: 9, groupid: 9, host: "10.0.0.9" };
    const nodes = [...registered.nodes, byHand];
    expect(registration({ nodes })).toMatchObject([
      { remedy: expect.stringMatching(/: `npx pg-dist remove production 10\.0\.0\.9:5432`$/) as string },
    ]);
    const record = [
      ...registered.record,
      { id: "server-x/worker1", nodeid: 9, server_id: "9", leaving: null },
    ];
    expect(registration({ nodes, record })).toMatchObject([
      { remedy: expect.stringMatching(/: `npx pg-dist remove production server-x\/worker1`$/) as string },
    ]);
  });

  it.each([
    ["runs", someContainer(), /^`npx pg-dist add production server-a\/worker1` registers it$/],
    ["stands still", someContainer({ status: "exited" }), /^`npx cdktf deploy production` registers it$/],
    [
      "can't be asked for",
      undefined,
      /^`npx cdktf deploy production` .* no changes `npx pg-dist add production/,
    ],
  ])("name what registers a worker whose container %s", (_title, container, remedy) => {
    const { registered, ...rest } = withNode({ container });
    if (registered === undefined) throw new Error("nothing is registered");
    const nodes = registered.nodes.filter(({ groupid }) => groupid !== 1);
    const findings = examine({ ...rest, registered: { ...registered, nodes } });
    expect(
      findings.find(({ check, outcome }) => check === "registration" && outcome === "failed"),
    ).toMatchObject({
      where: "server-a/worker1",
      remedy: expect.stringMatching(remedy) as string,
    });
  });

  it("name what moves a node that is registered elsewhere than the environment has it, and not how to remove it", () => {
    const nodes = (healthyInspection().registered?.nodes ?? []).map((node) =>
      node.groupid < 2 ? { ...node, host: "10.9.9.9" } : node,
    );
    expect(registration({ nodes }).map(({ where, remedy }) => [where, remedy])).toEqual([
      ["server-a/coordinator", expect.stringMatching(/^SELECT citus_set_coordinator_host/)],
      [
        "server-a/worker1",
        expect.stringMatching(/^`npx pg-dist add production server-a\/worker1` registers it$/),
      ],
    ]);
  });

  it("name the command that takes a drained worker in again", () => {
    const nodes = (healthyInspection().registered?.nodes ?? []).map((node) =>
      node.groupid === 1 ? { ...node, shouldhaveshards: false } : node,
    );
    expect(registration({ nodes })).toMatchObject([
      { remedy: "to keep it: `npx pg-dist add production server-a/worker1`" },
    ]);
  });

  it("name the command that keeps a declared worker which is marked as leaving", () => {
    const record = (healthyInspection().registered?.record ?? []).map((each) =>
      each.id === "server-a/worker1" ? { ...each, leaving: "2026-02-27T08:00:00Z" } : each,
    );
    expect(registration({ record })).toMatchObject([
      { remedy: expect.stringContaining("npx pg-dist add production server-a/worker1") as string },
    ]);
  });

  it("leave a worker alone that is drained or removed just now, declared or not", () => {
    const { registered } = healthyInspection();
    const [, worker] = registered?.nodes ?? [];
    if (registered === undefined || worker === undefined) throw new Error("nothing is registered");
    const leaving = "2026-02-27T08:00:00Z";
    const nodes = [...registered.nodes, { ...worker, nodeid: 9, groupid: 9, host: "10.0.0.9" }];
    const record = [
      ...registered.record.map((each) => (each.id === "server-a/worker1" ? { ...each, leaving } : each)),
      { id: "server-x/worker1", nodeid: 9, server_id: "9", leaving },
    ];
    expect(registration({ nodes, record }).map(({ outcome }) => outcome)).toEqual(["warning", "warning"]);
    expect(registration({ nodes, record, draining: true })).toEqual([]);
  });

  it("name a standby's slot, and the environment in the commands", () => {
    const [slot] = examine(server({ slots: [{ name: "standby_1", bytes: 3 * 1024 ** 3 }] })).filter(
      ({ outcome }) => outcome === "warning",
    );
    expect(slot).toMatchObject({
      check: "leftovers",
      seen: "replication slot standby_1 has no consumer and retains 3 GB of WAL",
      remedy: expect.stringMatching(/^bring its reader back .*npx pg-dist psql production/) as string,
    });
    const [empty] = examine(withInside({ citus: { ...citusOf(), groupid: 0, server_id: "new" } })).filter(
      ({ check, outcome }) => check === "identity" && outcome === "failed",
    );
    expect(empty?.remedy).toContain("npx pg-dist forget production server-a/worker1");
  });

  it("tell of other databases with Citus, and of their missing passwords", () => {
    const app2 = { name: "app2", shards: 6 };
    const logins = { unstored: ["server-a/worker1"], refused: [] };
    const findings = examine({ ...healthyInspection(), otherDatabases: [app2] });
    expect(problemsOf(findings)).toEqual([]);
    expect(findings.map(({ seen }) => seen)).toContain(
      "app2 with 6 shards has Citus too: `npx pg-dist status production --database app2` looks at it",
    );
    expect(problemsOf(examine({ ...healthyInspection(), otherDatabases: [{ ...app2, logins }] }))).toEqual([
      expect.stringMatching(
        /^warning other databases production: in the Citus database app2 .*server-a\/worker1/,
      ),
    ]);
  });

  it("take the slot and the orphans of a move for leftovers only when none runs", () => {
    const inspection = server({ slots: [{ name: "citus_shard_move_slot_4_10_24", bytes: 8192 }] });
    const { registered } = inspection;
    if (registered === undefined) throw new Error("nothing is registered");
    const during = (moving: boolean) =>
      problemsOf(examine({ ...inspection, registered: { ...registered, orphans: 1, moving } }));
    expect(during(true)).toEqual([]);
    expect(during(false)).toEqual([
      expect.stringMatching(/^warning leftovers .*citus_shard_move_slot_4_10_24 is left over from a move/),
      expect.stringMatching(/^warning orphans production: 1 object/),
    ]);
  });

  it("tell the orphans that Citus clears away from those of nodes that are gone", () => {
    const inspection = healthyInspection();
    const { registered } = inspection;
    if (registered === undefined) throw new Error("nothing is registered");
    const findings = examine({ ...inspection, registered: { ...registered, orphans: 2, deadOrphans: 1 } });
    const found = findings.filter(({ outcome }) => outcome === "warning");
    expect(found).toMatchObject([
      { check: "orphans", remedy: expect.stringContaining("DELETE FROM pg_dist_cleanup") as string },
      {
        check: "orphans",
        remedy: expect.stringContaining("CALL citus_cleanup_orphaned_resources()") as string,
      },
    ]);
  });

  it("don't blame a role for a node that doesn't answer", () => {
    const inspection = healthyInspection();
    const reached = (said: string) => [{ groupid: 1, ok: false, said }];
    const asked = (said: string): Inspection["roles"] => ({
      roles: [{ name: "app", login: true, owns: 1, tables: ["orders"], closed: [] }],
      nodes: [
        {
          label: "server-a/coordinator",
          groupid: 0,
          states: [
            {
              ...{ role: "app", exists: true, login: true, password: true, expired: false, barred: false },
              ...{ connect: true, stored: true, reached: reached(said) },
            },
          ],
        },
      ],
      partial: true,
      unheard: true,
    });
    const whatOf = (said: string) =>
      examine({ ...inspection, roles: asked(said) })
        .filter(({ check, outcome }) => check === "roles" && outcome !== "ok")
        .map(({ outcome, seen }) => `${outcome} ${seen}`);
    expect(whatOf('could not translate host name "citus-worker1" to address: unknown')).toEqual([
      expect.stringContaining("skipped not every node has tried to connect as 1 of 1 roles (app)"),
    ]);
    expect(whatOf('password authentication failed for user "app"')).toEqual([
      expect.stringContaining("failed role app"),
    ]);
  });

  it("name what is registered otherwise", () => {
    const inspection = healthyInspection();
    const { registered } = inspection;
    if (registered === undefined) throw new Error("nothing is registered");
    const nodes = registered.nodes.map((node) =>
      node.groupid === 1
        ? { ...node, isactive: false }
        : node.groupid === 2
          ? { ...node, metadatasynced: false }
          : node,
    );
    expect(problemsOf(examine({ ...inspection, registered: { ...registered, nodes } }))).toEqual([
      expect.stringMatching(/^failed registration server-a\/worker1: it is disabled/),
      expect.stringMatching(/^failed registration server-a\/worker2: its metadata is not in sync/),
    ]);
  });
});

function citusOf() {
  const { citus } = insideOf(healthyInspection());
  if (citus === undefined) throw new Error("no Citus");
  return citus;
}

import { describe, expect, it } from "vitest";
import { lastTellingLine, publishedBy } from "../../../../operations/observe/doctor/ask-host";
import { readAnswer } from "../../../../operations/observe/doctor/ask-inside";
import { overlap } from "../../../../operations/observe/doctor/checks/network";
import { readSystem } from "../../../../operations/observe/doctor/host-shell";
import { authinfoOf } from "../../../../operations/cluster/nodes/credentials";
import { someCluster } from "../../../fixtures/some-cluster";

describe("what Docker and the servers answer", () => {
  it("a list of containers: published ports, IPv6 too", () => {
    const containers = [
      {
        Names: ["/a"],
        Ports: [{ IP: "10.0.0.1", PrivatePort: 5432, PublicPort: 5432 }, { PrivatePort: 80 }],
      },
      { Names: ["/b"], Ports: ["0.0.0.0", "::"].map((IP) => ({ IP, PrivatePort: 8080, PublicPort: 80 })) },
      { Names: ["/c"], Ports: [] },
    ];
    expect(publishedBy(containers)).toEqual([
      { container: "a", ip: "10.0.0.1", port: 5432 },
      { container: "b", ip: "0.0.0.0", port: 80 },
      { container: "b", ip: "::", port: 80 },
    ]);
  });

  it("the server's shell: disks, missing directories, listeners, routes", () => {
    const text = [
      "disk\t/var/lib/docker\t1000\t500",
      "missing\t/ssd/citus-worker1",
      "listeners",
      "listen\t0.0.0.0:22",
      "listen\t[::1]:5432",
      "listen\t127.0.0.53%lo:53",
      "route\t10.0.0.0/8\teth0",
    ].join("\n");
    expect(readSystem(text)).toEqual({
      disks: [{ path: "/var/lib/docker", size: 1_024_000, free: 512_000 }],
      missing: ["/ssd/citus-worker1"],
      listening: [
        { host: "0.0.0.0", port: 22 },
        { host: "::1", port: 5432 },
        { host: "127.0.0.53", port: 53 },
      ],
      routes: [{ subnet: "10.0.0.0/8", device: "eth0" }],
    });
    expect(readSystem("").listening).toBeUndefined();
  });

  it("a log's last words", () => {
    expect(lastTellingLine("LOG: x\nFATAL:  no\nLOG: shut down\n\n")).toBe("FATAL:  no");
    expect(lastTellingLine("LOG: x\nLOG: y\n")).toBe("LOG: y");
    expect(lastTellingLine("\n")).toBeUndefined();
  });

  it("from inside a container: causes without what libpq puts around them, and no password", () => {
    const cluster = someCluster();
    const password = "made-up";
    const citus = { groupid: 0, server_id: "s", library: "13.0.3", wanted: "13.0-1", tables: 0 };
    const text = [
      `citus-facts\t${JSON.stringify({ ...citus, authinfo: authinfoOf(password) })}`,
      "name\tcitus-coordinator\t10.0.0.2",
      "name\tcitus-worker2\t",
      "reach\tcitus-coordinator\t5432\tok\ts",
      "citus\tcitus-coordinator\t5432\tWARNING:  connection to the remote node postgres@citus-coordinator:5432 failed with the following error: FATAL:  no  f",
      'reach\tcitus-worker1\t5432\tfailed\tpsql: error: connection to server at "citus-worker1" (10.0.0.3), port 5432 failed: Connection refused  Is the server running on that host and accepting TCP/IP connections?',
      "no-server\tpsql: error: nothing",
    ].join("\n");
    const { inside } = readAnswer(text, cluster, password);
    expect(inside).toMatchObject({
      server: { unreachable: "nothing" },
      citus: { ...citus, credentials: "stored" },
      reached: [
        { serverId: "s", citus: false, citusFailure: "FATAL: no" },
        { failure: "Connection refused" },
        { untried: true },
      ],
    });
    expect("names" in inside && inside.names.get("citus-worker2")).toBeUndefined();
    expect(JSON.stringify(inside)).not.toContain(password);
  });

  it.each([
    ["10.213.7.0/24", "10.213.0.0/16", true],
    ["10.213.7.0/24", "10.213.7.9", true],
    ["10.213.7.0/24", "10.213.8.0/24", false],
    ["10.213.7.0/24", "default", false],
    ["192.168.0.0/16", "192.169.0.0/16", false],
  ])("%s and %s overlap: %s", (a, b, expected) => {
    expect(overlap(a, b)).toBe(expected);
    expect(overlap(b, a)).toBe(expected);
  });
});

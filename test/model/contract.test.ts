import { describe, expect, it } from "vitest";
import { applicationName, isOwnApplication } from "../../model/contract/application-name";
import { clusterDigest, clusterText } from "../../model/contract/cluster-file";
import { firewallNames } from "../../model/contract/firewall";
import { LABEL, labelsOf } from "../../model/contract/labels";
import { isNamedAs, isNamedAsAnother, readServerName, serverName } from "../../model/contract/server-name";
import {
  archiveAddress,
  membershipAddress,
  nodeAddress,
  nodeAt,
} from "../../model/contract/terraform-address";
import { dataDirectory, endsAsArchive, majorOfDirectory, volumesOf } from "../../model/contract/volumes";
import { describeCluster } from "../../model/cluster";

/** What the constructs write down and the operations read: in clusters that run, so that it can't change unseen. */
describe("the contract", () => {
  const node = { id: "server-d/worker1", endpoint: { host: "10.0.0.4", port: 5433 } };

  it("names servers, and knows them by their names", () => {
    const name = serverName("citus", node);
    expect(name).toBe("citus server-d/worker1 10.0.0.4:5433");
    expect(readServerName(name)).toEqual({ cluster: "citus", id: "server-d/worker1" });
    expect(isNamedAs(name, "citus", "server-d/worker1")).toBe(true);
    expect(isNamedAsAnother(name, "citus", "server-d/worker1")).toBe(false);
    expect(isNamedAsAnother(name, "citus", "server-d/worker11")).toBe(true);
    expect(isNamedAsAnother(name, "other", "server-d/worker1")).toBe(true);
  });

  it("knows a name that PostgreSQL cut, and one that somebody else gave", () => {
    const id = `${"server-with-a-very-long-name-indeed".repeat(2)}/worker1`;
    const name = serverName("citus", { ...node, id }).slice(0, 63);
    expect(isNamedAsAnother(name, "citus", id)).toBe(false);
    const long = "server-with-a-very-long-name-indeed/worker-of-a-long-name-too";
    const cut = serverName("citus", { ...node, id: long }).slice(0, 63);
    expect(readServerName(cut)).toEqual({ cluster: "citus", id: long.slice(0, 57), cut: true });
    expect(readServerName("main")).toBeUndefined();
    expect(readServerName("")).toBeUndefined();
    expect(readServerName(undefined)).toBeUndefined();
    expect(isNamedAsAnother("my own server", "citus", node.id)).toBe(false);
  });

  it("labels containers", () => {
    expect(labelsOf({ name: "citus", environment: "production" }, node)).toEqual({
      "pg-dist.cluster": "citus",
      "pg-dist.environment": "production",
      "pg-dist.node": "server-d/worker1",
      "pg-dist.endpoint": "10.0.0.4:5433",
    });
    expect(Object.values(LABEL)).toEqual(Object.keys(labelsOf({ name: "a", environment: "b" }, node)));
  });

  it("addresses nodes in Terraform, and finds them by their addresses", () => {
    expect(nodeAddress("server-d/worker1")).toBe("server-d_worker1");
    expect(nodeAt("server-d_worker1")).toBe("server-d/worker1");
    expect(archiveAddress("server-d/worker1")).toBe("server-d_worker1_archive");
    expect(membershipAddress("server-d/worker1")).toBe('null_resource.membership["server-d/worker1"]');
  });

  it("names what a firewall has on a server", () => {
    expect(firewallNames("citus")).toEqual({
      table: "pgdist-citus",
      folder: "/etc/pg-dist",
      file: "/etc/pg-dist/firewall-citus.nft",
      unit: "pg-dist-firewall-citus.service",
      again: "pg-dist-firewall-citus-again.service",
    });
  });

  it("names volumes and the data directory", () => {
    expect(volumesOf("citus-worker1")).toEqual(["citus-worker1", "citus-worker1-archive"]);
    expect(endsAsArchive("worker1-archive")).toBe(true);
    expect(dataDirectory(17)).toBe("/var/lib/postgresql/17/docker");
    expect(majorOfDirectory(dataDirectory(17))).toBe(17);
    expect(majorOfDirectory("/var/lib/postgresql/data")).toBeUndefined();
  });

  it("names sessions, and finds them by their names", () => {
    expect(applicationName("leave server-d/worker1", "root", "runner", 4711)).toBe(
      "pg-dist leave server-d/worker1 root@runner pid 4711",
    );
    expect(isOwnApplication("a")).toBe("a LIKE 'pg-dist %'");
    expect(isOwnApplication("a", "leave", "drain")).toBe("a ~ '^pg-dist (leave|drain) '");
  });

  it("writes the cluster down so that its digest stays the same", () => {
    const cluster = describeCluster({
      name: "test",
      hosts: { a: { connection: "unix:///var/run/docker.sock" } },
      coordinator: { host: "a" },
      workers: { a: 1 },
    });
    expect(JSON.parse(clusterText(cluster))).toEqual(cluster);
    expect(clusterText(cluster).endsWith("}\n")).toBe(true);
    expect(clusterDigest(clusterText(cluster))).toMatch(/^[0-9a-f]{12}$/);
  });
});

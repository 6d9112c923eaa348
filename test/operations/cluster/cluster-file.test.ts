import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeCluster } from "../../../model/cluster";
import { readCluster } from "../../../operations/cluster/cluster-file";
import { clusterDigest } from "../../../model/contract/cluster-file";
import { EXIT } from "../../../operations/base/failure";

const folder = mkdtempSync(join(tmpdir(), "pg-dist-cluster-"));
afterAll(() => rmSync(folder, { recursive: true }));

const cluster = describeCluster({
  name: "test",
  hosts: { a: { connection: "unix:///var/run/docker.sock" } },
  coordinator: { host: "a" },
  workers: { a: 2 },
});

function write(content: string): string {
  const path = join(folder, "cluster.json");
  writeFileSync(path, content);
  return path;
}

test("the planned file is read, another one is refused", () => {
  const text = JSON.stringify(cluster);
  expect(readCluster(write(text), clusterDigest(text))).toEqual(cluster);
  const other = JSON.stringify({ ...cluster, database: "other" });
  expect(() => readCluster(write(other), clusterDigest(text))).toThrow(
    expect.objectContaining({ exitCode: EXIT.refused, message: expect.stringContaining("plan again") }),
  );
});

test.each([
  ["no JSON", "{", /is not JSON/],
  ["no cluster", "{}", /does not describe a cluster/],
  // NaN is null in JSON, and most of Citus' functions do nothing when an argument is NULL.
  ["no port", JSON.stringify(cluster).replaceAll('"port":5432', '"port":null'), /has no endpoint/],
])("%s", (_what, content, message) => {
  expect(() => readCluster(write(content))).toThrow(message);
});

test("a file that isn't there", () => {
  expect(() => readCluster(join(folder, "none.json"))).toThrow(/ENOENT.*synthesize and plan again/);
});

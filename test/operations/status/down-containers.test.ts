import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { askContainers, explainFailed } from "../../../operations/cluster/nodes/down-containers";
import { someCluster } from "../some-cluster";

/** Notes when it begins and ends, and knows the containers but `citus-worker3`. */
const DOCKER = `#!/bin/sh
echo "begin $3" >> "$CALLS"
sleep 0.2
case $3 in
  inspect)
    for name in "$@"; do
      case $name in
        citus-worker3) echo "Error response from daemon: No such container: $name" >&2 ;;
        citus-*) printf '/%s {"Status":"exited","ExitCode":137,"OOMKilled":false,"Error":"","StartedAt":"","FinishedAt":""}\\n' "$name" ;;
      esac
    done ;;
  logs) echo "last words of $6" ;;
esac
echo "end $3" >> "$CALLS"
[ $3 != inspect ]
`;

const cluster = someCluster();
const [, template] = cluster.nodes;
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pg-dist-docker-"));
  writeFileSync(join(folder, "docker"), DOCKER, { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true }));

it("asks a server with many stopped containers once, and for a few logs at a time: sshd refuses more logins", async () => {
  if (template === undefined) throw new Error("no worker");
  const workers = Array.from({ length: 12 }, (_, index) => ({
    ...template,
    id: `server-a/worker${index + 1}`,
    container: `citus-worker${index + 1}`,
  }));
  const hosts = cluster.hosts.map((host) => ({ ...host, connection: "unix:///var/run/docker.sock" }));
  const calls = join(folder, "calls");
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"]}`, CALLS: calls };
  const failed = { what: "no answer", remedy: "look" };
  const nodes = [{ label: "10.0.0.9:5432", failed }, ...workers.map(({ id }) => ({ label: id, failed }))];
  const target = { cluster: { ...cluster, hosts, nodes: workers }, env };
  const labels = nodes.map(({ label }) => label);
  const explained = explainFailed(nodes, await askContainers(target, labels, 60_000));

  expect(explained[0]).toEqual({ label: "10.0.0.9:5432", failed });
  expect(explained[1]?.failed).toEqual({
    what: "no answer; its container citus-worker1 is exited (code 137), its log ends: last words of citus-worker1",
    remedy: "`docker -H unix:///var/run/docker.sock start citus-worker1`",
  });
  expect(explained[3]?.failed.what).toBe("no answer; its container citus-worker3 does not exist");
  expect(explained[12]?.failed.what).toContain("last words of citus-worker12");
  const lines = readFileSync(calls, "utf8").trim().split("\n");
  // The states come first, whole: a log is only read of a container that is there.
  expect(lines.slice(0, 2)).toEqual(["begin inspect", "end inspect"]);
  expect(lines.filter((line) => line === "begin inspect")).toHaveLength(1);
  expect(lines.filter((line) => line === "begin logs")).toHaveLength(11);
  expect(mostAtOnce(lines)).toBeLessThanOrEqual(4);
});

function mostAtOnce(lines: readonly string[]): number {
  let now = 0;
  return Math.max(...lines.map((line) => (now += line.startsWith("begin") ? 1 : -1)));
}

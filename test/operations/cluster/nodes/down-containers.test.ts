import { afterEach, beforeEach, expect, it } from "vitest";
import { callerOf } from "../../../../operations/base/caller/caller";
import { askContainers, explainFailed } from "../../../../operations/cluster/nodes/down-containers";
import { FakeEngine } from "../../../fixtures/fake-engine";
import { someCluster } from "../../../fixtures/some-cluster";

const cluster = someCluster();
const [, template] = cluster.nodes;
let engine: FakeEngine;

beforeEach(async () => {
  const exited = { State: { Status: "exited", ExitCode: 137, OOMKilled: false, Error: "" } };
  const names = Array.from({ length: 12 }, (_, index) => `citus-worker${index + 1}`);
  engine = await FakeEngine.start({
    containers: Object.fromEntries(
      names.filter((name) => name !== "citus-worker3").map((name) => [name, exited]),
    ),
    log: (name) => `last words of ${name}\n`,
    delay: 20,
  });
});
afterEach(() => engine.stop());

it("asks a server with many stopped containers little at a time, over few connections: sshd refuses more logins", async () => {
  if (template === undefined) throw new Error("no worker");
  const workers = Array.from({ length: 12 }, (_, index) => ({
    ...template,
    id: `server-a/worker${index + 1}`,
    container: `citus-worker${index + 1}`,
  }));
  const hosts = cluster.hosts.map((host) => ({ ...host, connection: engine.connection }));
  const failed = { what: "no answer", remedy: "look" };
  const nodes = [{ label: "10.0.0.9:5432", failed }, ...workers.map(({ id }) => ({ label: id, failed }))];
  const target = { cluster: { ...cluster, hosts, nodes: workers }, caller: callerOf({}) };
  const labels = nodes.map(({ label }) => label);
  const explained = explainFailed(nodes, await askContainers(target, labels, 60_000));

  expect(explained[0]).toEqual({ label: "10.0.0.9:5432", failed });
  expect(explained[1]?.failed).toEqual({
    what: "no answer; its container citus-worker1 exited (code 137), its log ends: last words of citus-worker1",
    remedy: `\`docker -H ${engine.connection} start citus-worker1\``,
  });
  expect(explained[3]?.failed.what).toBe("no answer; its container citus-worker3 does not exist");
  expect(explained[12]?.failed.what).toContain("last words of citus-worker12");
  const asked = (what: string) =>
    engine.requests.filter((request) => new RegExp(`/containers/.+/${what}$`).test(request));
  // Only those that are there are asked about.
  expect(asked("json")).toHaveLength(11);
  expect(asked("logs")).toHaveLength(11);
  expect(engine.mostAtOnce).toBeLessThanOrEqual(4);
  expect(engine.connections).toBeLessThanOrEqual(4);
});

it("tells what is paused by the list, also where Docker's other answers about it hang", async () => {
  const [coordinator, ...others] = cluster.nodes;
  if (coordinator === undefined) throw new Error("no coordinator");
  const nodes = [coordinator, ...others];
  const [one = "", two = "", three = ""] = nodes.map(({ container }) => container);
  const held = await FakeEngine.start({
    containers: {
      [one]: { State: { Status: "exited", ExitCode: 1, OOMKilled: false, Error: "" } },
      [two]: { State: { Status: "paused" } },
      [three]: {},
    },
    log: () => "last words\n",
    hangs: (request) => [two, three].some((name) => request.startsWith(`GET /containers/${name}/`)),
  });
  const hosts = cluster.hosts.map((host) => ({ ...host, connection: held.connection }));
  const failed = { what: "no answer", remedy: "look" };
  const silent = nodes.map(({ id }) => ({ label: id, failed }));
  const target = { cluster: { ...cluster, hosts }, caller: callerOf({}) };
  const explanations = await askContainers(
    target,
    silent.map(({ label }) => label),
    3000,
  );
  await held.stop();
  const docker = `docker -H ${held.connection}`;
  expect(explainFailed(silent, explanations).map((node) => node.failed)).toEqual([
    {
      what: `no answer; its container ${one} exited (code 1), its log ends: last words`,
      remedy: `\`${docker} start ${one}\``,
    },
    { what: `no answer; its container ${two} is paused`, remedy: `\`${docker} unpause ${two}\`` },
    {
      what: `no answer; its container ${three} is running, but Docker does not answer requests about it`,
      remedy: expect.stringContaining(
        `check whether \`${docker} inspect ${three}\` answers by now`,
      ) as string,
    },
  ]);
});

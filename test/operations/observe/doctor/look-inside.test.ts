import { expect, it } from "vitest";
import { callerOf } from "../../../../operations/base/caller/caller";
import type { ClusterNode } from "../../../../model/cluster";
import { Engine } from "../../../../operations/docker/engine/engine";
import { lookInside } from "../../../../operations/observe/doctor/look-inside";
import { FakeEngine } from "../../../fixtures/fake-engine";
import { someCluster } from "../../../fixtures/some-cluster";
import { someContainer } from "./some-inspection";

it("enters no container when too little of the host's time is left, and blames none for that", async () => {
  const cluster = someCluster();
  const [declared] = cluster.nodes;
  if (declared === undefined) throw new Error("no node");
  const nodes = Array.from({ length: 10 }, (_, index): ClusterNode => ({
    ...declared,
    id: `server-a/worker${index}`,
    container: `citus-worker${index}`,
  }));
  const containers = new Map(nodes.map(({ container }) => [container, someContainer()]));
  const entered: string[] = [];
  let left = 10_000;
  const fake = await FakeEngine.start({
    containers: Object.fromEntries(nodes.map(({ container }) => [container, {}])),
    // As where another server drops packets.
    exec: (container) => {
      entered.push(container);
      left = Math.max(1, left - 1500);
      return { stdout: "disk\t1000\t500\n" };
    },
  });
  const docker = new Engine({ id: "server-a", connection: fake.connection, sshOptions: [] }, callerOf({}));
  const answers = await lookInside(
    docker,
    nodes,
    { containers },
    { cluster, password: "", timeoutMs: 10_000, remaining: () => left },
  );
  docker.close();
  await fake.stop();
  const untried = nodes.filter(({ id }) => {
    const inside = answers.get(id)?.inside;
    return inside !== undefined && "untried" in inside;
  });
  expect(answers.size).toBe(10);
  expect(untried.length).toBeGreaterThan(0);
  expect(entered.sort()).toEqual(
    nodes.filter((node) => !untried.includes(node)).map(({ container }) => container),
  );
  expect(answers.get(untried[0]?.id ?? "")?.inside).toEqual({
    unreachable: expect.stringContaining("--timeout") as string,
    untried: true,
  });
});

import { expect, it } from "vitest";
import type { DockerHost } from "../../../operations/docker/docker-host";
import { askInside } from "../../../operations/observe/doctor/ask-inside";
import { someCluster } from "../some-cluster";

it.each([
  [1000, "1"],
  [10_000, "3"],
  [60_000, "18"],
])("of %d ms a connection between nodes may take %s s", async (timeout, patience) => {
  const cluster = someCluster();
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("no node");
  let told: readonly string[] = [];
  const docker = {
    try: (args: readonly string[]) => {
      told = args;
      return Promise.resolve({ code: 0, stdout: "", stderr: "", timedOut: false });
    },
  } as unknown as DockerHost;
  await askInside(docker, node, { cluster, password: "", timeout });
  expect(told[told.lastIndexOf("sh") + 3]).toBe(patience);
});

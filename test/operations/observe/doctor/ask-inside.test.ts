import { expect, it } from "vitest";
import { callerOf } from "../../../../operations/base/caller/caller";
import { Engine } from "../../../../operations/docker/engine/engine";
import { askInside } from "../../../../operations/observe/doctor/ask-inside";
import { FakeEngine } from "../../../fixtures/fake-engine";
import { someCluster } from "../../../fixtures/some-cluster";

it.each([
  [1000, "1"],
  [10_000, "3"],
  [60_000, "18"],
])("of %d ms a connection between nodes may take %s s", async (timeout, patience) => {
  const cluster = someCluster();
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("no node");
  let told: readonly string[] = [];
  const fake = await FakeEngine.start({
    containers: { [node.container]: {} },
    exec: (_container, command) => {
      told = command;
      return {};
    },
  });
  const docker = new Engine({ id: node.host, connection: fake.connection, sshOptions: [] }, callerOf({}));
  await askInside(docker, node, { cluster, password: "", timeout });
  docker.close();
  await fake.stop();
  expect(told[told.lastIndexOf("sh") + 3]).toBe(patience);
});

import { expect, it } from "vitest";
import { callerOf } from "../../../../operations/base/caller/caller";
import { Engine } from "../../../../operations/docker/engine/engine";
import { askHost } from "../../../../operations/observe/doctor/ask-host";
import { FakeEngine } from "../../../fixtures/fake-engine";

it("tells of a host's containers what there is, where Docker gives no answer about one", async () => {
  const info = {
    ...{ ServerVersion: "20.10.24", OSType: "linux", Architecture: "x86_64", DockerRootDir: "/" },
    SystemTime: new Date().toISOString(),
  };
  const fake = await FakeEngine.start({
    containers: { "citus-coordinator": {}, "citus-worker1": { State: { Status: "paused" } } },
    answer: (_method, path) => (path === "/info" ? { json: info } : undefined),
    hangs: (request) => request.startsWith("GET /containers/citus-worker1/"),
  });
  const host = { id: "local", connection: fake.connection, sshOptions: [] };
  const docker = new Engine(host, callerOf({}));
  const containers = ["citus-coordinator", "citus-worker1", "citus-worker2"];
  const wanted = { host, images: [], containers, network: "citus", subnet: "10.213.7.0/24" };
  const answer = await askHost(docker, wanted, () => 2000);
  docker.close();
  await fake.stop();
  expect(answer.containers?.get("citus-coordinator")).toMatchObject({ status: "running" });
  expect(answer.containers?.get("citus-worker1")).toEqual({ listed: "paused" });
  expect(answer.containers?.has("citus-worker2")).toBe(false);
});

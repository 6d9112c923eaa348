import { expect, it } from "vitest";
import { callerOf } from "../../../../operations/base/caller/caller";
import { inspectAll } from "../../../../operations/change/recover/inventory";
import { Engine } from "../../../../operations/docker/engine/engine";
import { FakeEngine } from "../../../fixtures/fake-engine";

it("is not had where Docker gives no answer about a container, which is named", async () => {
  const fake = await FakeEngine.start({
    containers: { other: {}, "citus-worker1": { State: { Status: "paused" } } },
    hangs: (request) => request.startsWith("GET /containers/citus-worker1/"),
  });
  const docker = new Engine({ id: "server-a", connection: fake.connection, sshOptions: [] }, callerOf({}));
  await expect(inspectAll(docker, 300)).rejects.toMatchObject({
    summary: "its container citus-worker1 is paused",
    remedy: `\`docker -H ${fake.connection} unpause citus-worker1\``,
  });
  docker.close();
  await fake.stop();
});

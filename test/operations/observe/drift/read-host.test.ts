import { expect, it } from "vitest";
import { callerOf } from "../../../../operations/base/caller/caller";
import { readHost } from "../../../../operations/observe/drift/read-host";
import { FakeEngine } from "../../../fixtures/fake-engine";
import { someCluster } from "../../../fixtures/some-cluster";

it("reads a host's other containers where Docker gives no answer about one", async () => {
  const fake = await FakeEngine.start({
    containers: {
      "citus-coordinator": {},
      "citus-worker1": { State: { Status: "paused" } },
      "citus-worker2": { State: { Status: "exited", ExitCode: 1, OOMKilled: false, Error: "" } },
    },
    answer: (_method, path) => (path === "/volumes" ? { json: { Volumes: [] } } : undefined),
    hangs: (request) => request.startsWith("GET /containers/citus-worker1/"),
  });
  const host = { id: "server-a", connection: fake.connection, sshOptions: [] };
  const { nodes } = someCluster();
  const asked = { host, nodes, cluster: "citus", environment: "production" };
  const answer = await readHost(asked, callerOf({}), 2000);
  await fake.stop();
  if ("unknown" in answer) throw new Error(answer.unknown.what);
  expect([...answer.containers.keys()]).toEqual(["citus-coordinator", "citus-worker2"]);
  expect([...answer.silent]).toEqual([
    [
      "citus-worker1",
      {
        listed: "paused",
        what: "its container citus-worker1 is paused",
        remedy: `\`docker -H ${fake.connection} unpause citus-worker1\``,
      },
    ],
  ]);
  expect([...answer.down.keys()]).toEqual(["citus-worker2"]);
});

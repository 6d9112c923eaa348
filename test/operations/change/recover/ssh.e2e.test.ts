import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callerOf } from "../../../../operations/base/caller/caller";
import { Engine } from "../../../../operations/docker/engine/engine";
import { inspectVolume, listVolumes, removeVolume } from "../../../../operations/docker/engine/volumes";
import { inspectAll, findNetworks } from "../../../../operations/change/recover/inventory";
import { findParts, type Parts } from "../../../../testbed/parts";
import { Testbed } from "../../../../testbed/testbed";

describe("the engine of a Docker host over ssh", () => {
  let parts: Parts;
  let bed: Testbed;
  let docker: Engine;

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    bed = await Testbed.start({ hosts: ["server-a"], parts });
    const connection = bed.hosts["server-a"]?.connection ?? "";
    docker = new Engine({ id: "server-a", connection, sshOptions: bed.sshOptions }, callerOf({}));
  });
  afterAll(async () => {
    docker?.close();
    await bed?.stop();
    await parts?.stop();
  });

  it("makes, shows, lists and removes a volume, with labels as they are", async () => {
    const labels = { words: `it's "one" $HOME; {{.Driver}} && \\ *` };
    await docker.json({
      ...{ operation: "volume create", method: "POST", path: "/volumes/create" },
      body: { Name: "recover-test", Labels: labels },
    });
    expect(await inspectVolume(docker, "recover-test")).toMatchObject({ Labels: labels });
    expect((await listVolumes(docker)).map(({ Name }) => Name)).toEqual(["recover-test"]);
    await removeVolume(docker, "recover-test");
    expect(await inspectVolume(docker, "recover-test")).toBeUndefined();
  });

  it("lists networks, and containers where there are none", async () => {
    expect((await findNetworks(docker)).map(({ name }) => name)).toContain("bridge");
    expect(await inspectAll(docker)).toEqual([]);
  });

  it("says what the engine said, and how to try it", async () => {
    await expect(removeVolume(docker, "nothing")).rejects.toMatchObject({
      code: "not-found",
      summary: expect.stringMatching(/^server-a: docker volume rm: .*no such volume/i),
      remedy: expect.stringMatching(/ssh .*docker ps/),
    });
  });
});

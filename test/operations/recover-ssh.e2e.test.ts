import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DockerHost } from "../../operations/docker/docker-host";
import { listContainers, listNetworks, listVolumes } from "../../operations/change/recover/inventory";
import { findParts, type Parts } from "../../testbed/parts";
import { Testbed } from "../../testbed/testbed";

describe("docker on a Docker host over ssh", () => {
  let parts: Parts;
  let bed: Testbed;
  let docker: DockerHost;

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    bed = await Testbed.start({ hosts: ["server-a"], parts });
    const connection = bed.hosts["server-a"]?.connection ?? "";
    docker = new DockerHost({ id: "server-a", connection, sshOptions: bed.sshOptions });
  });
  afterAll(async () => {
    await bed?.stop();
    await parts?.stop();
  });

  it("passes each word as it is", async () => {
    const words = `it's "one" $HOME; {{.Driver}} && \\ *`;
    await docker.run(["volume", "create", "recover-test"]);
    expect(await docker.run(["volume", "inspect", "--format", words, "recover-test"])).toBe(
      `${words.replace("{{.Driver}}", "local")}\n`,
    );
    expect(await listVolumes(docker)).toEqual(["recover-test"]);
    await docker.run(["volume", "rm", "recover-test"]);
  });

  it("lists networks, and containers where there are none", async () => {
    expect((await listNetworks(docker)).map(({ name }) => name)).toContain("bridge");
    expect(await listContainers(docker)).toEqual([]);
  });

  it("says what docker said, and how to try it", async () => {
    await expect(docker.run(["volume", "rm", "nothing"])).rejects.toMatchObject({
      summary: expect.stringMatching(/^server-a: docker volume rm: .*no such volume/i),
      remedy: expect.stringMatching(/ssh .*docker ps/),
    });
  });
});

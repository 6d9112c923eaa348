import { describe, expect, test } from "vitest";
import type { ChildResult } from "../../operations/base/child-process";
import { DockerHost } from "../../operations/docker/docker-host";
import { inspectContainers } from "../../operations/docker/inspect-containers";

const HOST = { id: "local", connection: "unix:///var/run/docker.sock", sshOptions: [] };

/** A Docker host that answers this, and what it was asked. */
class AnsweringHost extends DockerHost {
  asked: readonly string[] = [];

  constructor(private readonly answer: Partial<ChildResult>) {
    super(HOST);
  }

  override async try(args: readonly string[]): Promise<ChildResult> {
    this.asked = args;
    return { stdout: "", stderr: "", code: 1, timedOut: false, ...this.answer };
  }
}

describe("what Docker says of containers", () => {
  test("is told of each that exists, also where another is missing or says nothing", async () => {
    const docker = new AnsweringHost({
      stdout: "/citus-worker1  USER=a DB=b\n/citus-worker2 \n",
      stderr: "Error: No such container: citus-worker3",
    });
    const names = ["citus-worker1", "citus-worker2", "citus-worker3"];
    expect([...(await inspectContainers(docker, names, "{{.Image}}"))]).toEqual([
      ["citus-worker1", " USER=a DB=b"],
      ["citus-worker2", ""],
    ]);
    expect(docker.asked).toEqual(["container", "inspect", "--format", "{{.Name}} {{.Image}}", ...names]);
  });

  test("is nothing where none exists, and a failure where the host doesn't answer", async () => {
    const missing = new AnsweringHost({ stderr: "Error response: No such container: citus-worker1" });
    expect([...(await inspectContainers(missing, ["citus-worker1"], ""))]).toEqual([]);
    const silent = new AnsweringHost({ timedOut: true });
    await expect(inspectContainers(silent, ["citus-worker1"], "")).rejects.toThrow(
      "local: docker container inspect: no answer in time",
    );
  });
});

import { afterEach, describe, expect, test } from "vitest";
import { callerOf } from "../../../operations/base/caller/caller";
import { inspectContainers } from "../../../operations/docker/engine/containers";
import { Engine } from "../../../operations/docker/engine/engine";
import { FakeEngine } from "../../fixtures/fake-engine";

describe("what Docker says of containers", () => {
  let fake: FakeEngine | undefined;
  afterEach(() => fake?.stop());

  const engineOf = ({ connection }: FakeEngine) =>
    new Engine({ id: "local", connection, sshOptions: [] }, callerOf({}));

  test("is told of each that exists, also where another is missing", async () => {
    fake = await FakeEngine.start({
      containers: { "citus-worker1": { Config: { Image: "one" } }, "citus-worker2": {} },
    });
    const engine = engineOf(fake);
    const names = ["citus-worker1", "citus-worker2", "citus-worker3"];
    const found = await inspectContainers(engine, names);
    expect([...found.keys()]).toEqual(["citus-worker1", "citus-worker2"]);
    expect(found.get("citus-worker1")?.Config.Image).toBe("one");
    engine.close();
  });

  test("is nothing where none exists, and a failure where the host doesn't answer", async () => {
    fake = await FakeEngine.start();
    const engine = engineOf(fake);
    expect([...(await inspectContainers(engine, ["citus-worker1"]))]).toEqual([]);
    engine.close();
    await fake.stop();
    fake = await FakeEngine.start({ delay: 5000 });
    const silent = engineOf(fake);
    await expect(inspectContainers(silent, ["citus-worker1"], 50)).rejects.toMatchObject({
      code: "timeout",
      summary: "local: docker container inspect: no answer in time",
    });
    silent.close();
  });
});

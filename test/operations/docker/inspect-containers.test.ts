import { afterEach, describe, expect, test } from "vitest";
import { callerOf } from "../../../operations/base/caller/caller";
import { Engine } from "../../../operations/docker/engine/engine";
import { inspectContainers, inspectListed } from "../../../operations/docker/engine/inspect-containers";
import { listContainers } from "../../../operations/docker/engine/containers";
import { type FakeAnswers, FakeEngine } from "../../fixtures/fake-engine";

describe("what Docker says of containers", () => {
  let fake: FakeEngine | undefined;
  let engine: Engine | undefined;
  afterEach(() => {
    engine?.close();
    return fake?.stop();
  });

  async function start(answers: FakeAnswers = {}): Promise<Engine> {
    fake = await FakeEngine.start(answers);
    engine = new Engine({ id: "local", connection: fake.connection, sshOptions: [] }, callerOf({}));
    return engine;
  }

  /** Docker while it holds the locks of these. */
  function holding(...names: string[]): Pick<FakeAnswers, "hangs"> {
    return { hangs: (request) => names.some((name) => request.startsWith(`GET /containers/${name}/`)) };
  }

  test("is told of each that exists, also where another is missing", async () => {
    const docker = await start({
      containers: { "citus-worker1": { Config: { Image: "one" } }, "citus-worker2": {} },
    });
    const names = ["citus-worker1", "citus-worker2", "citus-worker3"];
    const { found, silent } = await inspectContainers(docker, names);
    expect([...found.keys()]).toEqual(["citus-worker1", "citus-worker2"]);
    expect(found.get("citus-worker1")?.Config.Image).toBe("one");
    expect([...silent]).toEqual([]);
  });

  test("is nothing where none exists", async () => {
    const { found, silent } = await inspectContainers(await start(), ["citus-worker1"]);
    expect([...found, ...silent]).toEqual([]);
  });

  test("is a failure where the host doesn't answer", async () => {
    const docker = await start({ delay: 5000 });
    await expect(inspectContainers(docker, ["citus-worker1"], 50)).rejects.toMatchObject({
      code: "timeout",
      summary: "local: docker ps: no answer in time",
    });
  });

  test("is what the list has of those that hang, which keep back none of the others", async () => {
    const paused = ["a", "b", "c", "d", "e"];
    const docker = await start({
      containers: {
        ...Object.fromEntries(paused.map((name) => [name, { State: { Status: "paused" } }])),
        ...{ held: {}, well: {}, ill: {} },
      },
      ...holding(...paused, "held"),
    });
    const { found, silent } = await inspectContainers(docker, [...paused, "held", "well", "ill"], 600);
    expect([...found.keys()]).toEqual(["well", "ill"]);
    expect([...silent].map(([name, { State }]) => [name, State])).toEqual([
      ...paused.map((name) => [name, "paused"]),
      ["held", "running"],
    ]);
  });

  test("is what the list has by now of one that was paused since it was listed", async () => {
    const containers: Record<string, object> = { a: {} };
    const docker = await start({ containers, ...holding("a") });
    const listed = await listContainers(docker, { all: true });
    containers["a"] = { State: { Status: "paused" } };
    const { silent } = await inspectListed(docker, listed, 200);
    expect(silent.get("a")?.State).toBe("paused");
  });

  test("is a failure where the engine is gone after its list", async () => {
    const docker = await start({
      containers: { a: {}, b: {} },
      answer: (_method, path) =>
        path === "/containers/a/json" ? { status: 500, json: { message: "it broke" } } : undefined,
    });
    await expect(inspectContainers(docker, ["a", "b"])).rejects.toMatchObject({
      summary: "local: docker container inspect a: it broke",
    });
  });
});

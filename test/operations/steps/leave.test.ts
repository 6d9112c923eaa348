import { describe, expect, test } from "vitest";
import { callerOf } from "../../../operations/base/caller/caller";
import { EXIT } from "../../../operations/base/failure";
import { type Remedy, render } from "../../../operations/base/remedy";
import { leave } from "../../../operations/steps/leave";
import { fatal, withFakeServer } from "../../fixtures/fake-server";
import { someCluster } from "../../fixtures/some-cluster";

/** The coordinator can't be reached here: what is allowed must not need it. */
const env = { TF_VAR_postgres_password: "unused" };

describe("a worker that is still in the environment", () => {
  const destroy = (changes: object, more: NodeJS.ProcessEnv = {}) => {
    const lines: string[] = [];
    const progress = (text: Remedy) => void lines.push(render(text, "terraform"));
    return leave(someCluster(changes), "server-a/worker1", {
      progress,
      caller: callerOf({ ...env, ...more }),
    }).then(() => lines);
  };

  test("goes with the whole cluster when both keys are turned", async () => {
    expect(await destroy({ protected: false }, { PGDIST_DESTROY: "production" })).toEqual([
      "server-a/worker1: goes with the whole cluster, its shards are not moved",
    ]);
  });

  test("goes with an ephemeral cluster without a second key", async () => {
    expect(await destroy({ protected: false, ephemeral: true })).toHaveLength(1);
  });

  test.each([
    ["protected, and not named", {}, {}],
    ["protected, although named", {}, { PGDIST_DESTROY: "production" }],
    ["protected, although ephemeral", { ephemeral: true }, {}],
    ["not protected, but not named", { protected: false }, {}],
    ["another environment named", { protected: false }, { PGDIST_DESTROY: "staging" }],
  ])("is refused: %s", async (_case, changes, more) => {
    const refused = destroy(changes, more);
    await expect(refused).rejects.toMatchObject({ exitCode: EXIT.refused });
    await expect(refused).rejects.toThrow(
      /set `protected: false` in the environment.*PGDIST_DESTROY=production/,
    );
  });
});

test("a coordinator that moves to another host would be empty there: it takes both keys, and nobody is asked", async () => {
  const move = (more: NodeJS.ProcessEnv) =>
    leave(someCluster({ protected: false }), "server-b/coordinator", {
      progress: () => undefined,
      caller: callerOf({ ...env, ...more }),
    });
  await expect(move({})).rejects.toThrow(
    /^server-b\/coordinator is no longer the coordinator in environment production/,
  );
  await move({ PGDIST_DESTROY: "production" });
});

test("a worker that leaves stays when the coordinator can't be reached", async () => {
  const leaving = leave(someCluster(), "server-a/worker9", {
    progress: () => undefined,
    caller: callerOf(env),
  });
  await expect(leaving).rejects.toMatchObject({ exitCode: EXIT.failed });
  // A container that is gone comes after the removal in Terraform's order.
  await expect(leaving).rejects.toThrow(
    /the coordinator server-a\/coordinator can't be reached: .*terraform apply -target=docker_container\."server-a_coordinator"$/,
  );
});

test("with both keys of a destroy it goes too, as nobody is there to drain it", async () => {
  const lines: string[] = [];
  await leave(someCluster({ protected: false }), "server-a/worker9", {
    progress: (line) => void lines.push(render(line, "terraform")),
    caller: callerOf({ ...env, PGDIST_DESTROY: "production" }),
  });
  expect(lines.at(-1)).toMatch(
    /^server-a\/worker9: goes with the whole cluster, its shards were not moved: the coordinator .* can't be reached/,
  );
});

test.each([
  ["53300", "sorry, too many clients already"],
  ["28P01", 'password authentication failed for user "postgres"'],
])("but not from a coordinator that answers, be it to refuse: %s", async (state, text) => {
  await withFakeServer(fatal(state, text), async (port) => {
    const cluster = someCluster({ protected: false }, { published: { ip: "127.0.0.1", port } });
    const leaving = leave(cluster, "server-a/worker9", {
      progress: () => undefined,
      caller: callerOf({ ...env, PGDIST_DESTROY: "production" }),
    });
    await expect(leaving).rejects.toThrow(text);
  });
});

test("an unknown way of moving shards is refused before anything is looked at", async () => {
  const leaving = leave(someCluster(), "server-a/worker9", {
    progress: () => undefined,
    caller: callerOf({ ...env, PGDIST_SHARD_TRANSFER_MODE: "fast" }),
  });
  await expect(leaving).rejects.toThrow(
    "PGDIST_SHARD_TRANSFER_MODE is fast: set it to one of: auto, force_logical, block_writes",
  );
});

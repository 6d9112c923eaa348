import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Environment } from "../../model/environment";
import { findParts, type Parts } from "../../testbed/parts";
import { Testbed } from "../../testbed/testbed";
import { containersOf } from "./containers";
import { Deployment } from "./deployment";
import { hostOptions } from "./production-hosts";

/**
 * A short choice of the main path on the stand-ins, also where real parts are at hand: what a fresh machine without
 * registries runs must not rot. It proves nothing about Citus or the provider.
 */
describe("the main path on stand-ins", () => {
  let parts: Parts;
  let bed: Testbed;
  let deployment: Deployment;

  beforeAll(async () => {
    vi.stubEnv("PGDIST_PARTS", "stand-in");
    parts = await findParts({ log: console.log });
    console.log(parts.banner);
    bed = await Testbed.start({ hosts: ["server-a", "server-b"], parts });
    deployment = new Deployment(environmentOf(2), parts.env, parts.terraform.path);
  });

  afterAll(async () => {
    await bed?.stop();
    deployment?.remove();
    await parts?.stop();
    vi.unstubAllEnvs();
  });

  it("says that it stands in", async () => {
    expect(parts.banner).toMatch(/Citus image +STAND-IN/);
    expect(parts.banner).toMatch(/providers +STAND-IN/);
  });

  it("comes up, keeps a distributed table, and has an empty second plan", async () => {
    const output = await deployment.applied();
    expect(output).toContain("9 of 9 pairs healthy");
    expect(output).toContain("(a STAND-IN)");
    await deployment.query("CREATE TABLE public.item (id bigint PRIMARY KEY)");
    await deployment.query("SELECT create_distributed_table('public.item', 'id', shard_count => 4)");
    await deployment.query("INSERT INTO public.item SELECT generate_series(1, 100)");
    expect(await deployment.plan()).toEqual([]);
    const [row] = await deployment.query<{ version: string }>("SELECT citus_version() AS version");
    expect(row?.version).toMatch(/stand-in/i);
  });

  it("drains a dropped worker, and keeps every row", async () => {
    deployment.synth(environmentOf(1));
    await deployment.applied();
    expect((await containersOf(bed)).map(({ name }) => name)).toEqual(["citus-coordinator", "citus-worker1"]);
    const [row] = await deployment.query<{ count: string }>("SELECT count(*) FROM public.item");
    expect(Number(row?.count)).toBe(100);
    expect(await deployment.plan()).toEqual([]);
  });

  function environmentOf(workers: number): Environment {
    return {
      name: "stand-in",
      hosts: Object.fromEntries(["server-a", "server-b"].map((id) => [id, hostOptions(bed, id)])),
      coordinator: { host: "server-a" },
      workers: { "server-b": workers },
      ephemeral: true,
    };
  }
});

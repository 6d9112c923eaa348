import { randomBytes } from "node:crypto";
import { callerOf } from "../../../../operations/base/caller/caller";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../../../operations/docker/engine/engine";
import { followInitialisation } from "../../../../operations/change/recover/initialisation";
import { inspectAll } from "../../../../operations/change/recover/inventory";
import { findParts, type Parts } from "../../../../testbed/parts";
import { docker } from "./recover-cluster";

const DATA = "/var/lib/postgresql/17/docker";

/** A container on a volume that another one has initialised: its own log proves nothing, its server must be asked. */
describe("what a server says of its first initialisation", () => {
  const name = `recover-${randomBytes(3).toString("hex")}`;
  const host = new Engine(
    { id: "local", connection: "unix:///var/run/docker.sock", sshOptions: [] },
    callerOf({}),
  );
  let parts: Parts;

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    await start();
    await docker("rm", "--force", "--volumes", name);
    await start();
  });
  afterAll(async () => {
    host.close();
    await docker("rm", "--force", "--volumes", name).catch(() => undefined);
    await docker("volume", "rm", name).catch(() => undefined);
    await parts?.stop();
  });

  async function run(): Promise<void> {
    const password = randomBytes(12).toString("hex");
    await docker(
      ...["run", "--detach", "--name", name, "--no-healthcheck", "--volume", `${name}:/var/lib/postgresql`],
      ...["--env", `POSTGRES_PASSWORD=${password}`, "--env", `PGDATA=${DATA}`],
      parts.image.tag,
    );
  }

  async function start(): Promise<void> {
    await run();
    for (;;) {
      const answer = await sql("SELECT 1").catch(() => "");
      if (answer.trim() === "1") return;
      const running = await docker("inspect", "--format", "{{.State.Running}}", name);
      if (running.trim() !== "true") throw new Error(await docker("logs", name));
    }
  }

  function sql(statement: string, database = "postgres"): Promise<string> {
    const psql = ["psql", "-h", "127.0.0.1", "-U", "postgres", "-d", database, "-qAtc", statement];
    return docker("exec", name, ...psql);
  }

  async function judged(database = "postgres"): Promise<string | undefined> {
    const container = (await inspectAll(host)).find(({ Name }) => Name === `/${name}`);
    if (container === undefined) throw new Error(`no container ${name}`);
    const identity = { user: "postgres", database };
    return (await followInitialisation(host, container, identity, () => undefined))?.initialisation;
  }

  it("with Citus, it ended", async () => {
    expect(await judged()).toBe("finished");
  });

  it("with Citus in another database than the cluster's, nothing is proven", async () => {
    expect(await judged("app")).toBe("unknown");
  });

  it("without Citus and without any relation of a user, it never ended", async () => {
    await sql("DROP EXTENSION citus CASCADE");
    expect(await judged()).toBe("unfinished");
    expect(await judged("app")).toBe("unfinished");
  });

  it("with a relation of a user in any database, nothing is proven", async () => {
    await sql("CREATE DATABASE other");
    await sql("CREATE TABLE t ()", "other");
    expect(await judged()).toBe("unknown");
    await sql("DROP DATABASE other");
  });

  it("cut off before initdb had made its last database, it never ended", async () => {
    await sql("DROP DATABASE postgres", "template1");
    expect(await judged()).toBe("unfinished");
  });

  it("when it can't be asked, nothing is proven", async () => {
    await docker("stop", name);
    expect(await judged()).toBe("unknown");
  });

  it.each([
    ["while a database that initdb makes last is there, nothing is proven", ["base/1/PG_VERSION"], "unknown"],
    ["without those, it never ended", ["base/4"], "unfinished"],
    ["nor where it restarts all the time", ["global/pg_filenode.map"], "unfinished"],
  ])("a server that gives no session: %s", async (_, files, expected) => {
    const missing = files.map((file) => `${DATA}/${file}`);
    const volume = ["--volume", `${name}:/var/lib/postgresql`];
    await docker("run", "--rm", ...volume, "--entrypoint", "rm", parts.image.tag, "-rf", ...missing);
    // Another container, as a log that has lost its beginning.
    await docker("rm", "--force", "--volumes", name);
    await run();
    await expect
      .poll(async () => (await sql("SELECT 1", "template1").catch(String)) + (await docker("logs", name)), {
        timeout: 60_000,
        interval: 200,
      })
      .toMatch(/"base\/1" is not a valid|pg_filenode\.map/);
    expect(await judged()).toBe(expected);
    await docker("stop", "--time", "1", name);
    expect(await judged()).toBe(expected);
  });
});

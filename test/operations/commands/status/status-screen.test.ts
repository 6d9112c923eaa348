import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { createPaint } from "../../../../operations/cli/output";
import { statusScreen } from "../../../../operations/commands/status/screen";
import { judge } from "../../../../operations/observe/status/judge";
import type { Snapshot } from "../../../../operations/observe/status/snapshot";
import { someSnapshot } from "../../observe/status/some-snapshot";

const plain = createPaint(false, { env: {} });

function screen(snapshot: Snapshot, width = Infinity): string {
  return `\n${statusScreen(snapshot, judge(snapshot), plain, width).join("\n")}\n`;
}

const BROKEN = someSnapshot({
  coordinator: { state: { slots: [{ name: "standby", active: false, retained: 3 * 1024 ** 3 }] } },
  worker1: {
    state: null,
    failed: {
      what: "10.0.0.2:5432 refuses the connection of the coordinator",
      remedy: "`docker start citus-worker1`",
    },
  },
  worker2: { state: { postgres: "17.4" }, recorded: { leaving: new Date("2026-02-27T08:00:00Z") } },
});

describe("the screen of status", () => {
  it("is a header, the nodes, and one word for a healthy cluster", () => {
    expect(screen(someSnapshot())).toMatchInlineSnapshot(`
      "
      production  cluster citus, 2 workers, Citus 13.0.3, PostgreSQL 17.2
      by direct: 10.0.0.1:5432, at 2026-03-01 12:00:00 UTC

      node                  role         nodeid  endpoint       server    active  in sync  Citus   extension  PostgreSQL   up  connections  shards   size  disk free
      server-a/coordinator  coordinator       1  10.0.0.1:5432  server-a  yes     yes      13.0.3  13.0-1     17.2        3 d       12/100       0  50 MB      80 GB
      server-b/worker1      worker            2  10.0.0.2:5432  server-b  yes     yes      13.0.3  13.0-1     17.2        3 d       12/100      16  50 MB      80 GB
      server-c/worker1      worker            3  10.0.0.3:5432  server-c  yes     yes      13.0.3  13.0-1     17.2        3 d       12/100      16  50 MB      80 GB

      Healthy.
      "
    `);
  });

  it("says below the nodes what is wrong, each with what helps", () => {
    expect(screen(BROKEN)).toMatchInlineSnapshot(`
      "
      production  cluster citus, 2 workers, Citus 13.0.3, PostgreSQL 17.2
      by direct: 10.0.0.1:5432, at 2026-03-01 12:00:00 UTC

      node                  role         nodeid  endpoint       server    active     in sync  Citus   extension  PostgreSQL   up  connections  shards   size  disk free
      server-a/coordinator  coordinator       1  10.0.0.1:5432  server-a  yes        yes      13.0.3  13.0-1     17.2        3 d       12/100       0  50 MB      80 GB
      server-b/worker1      worker            2  10.0.0.2:5432  server-b  no answer  yes      -       -          -             -            -      16      -          -
      server-c/worker1      worker            3  10.0.0.3:5432  server-c  leaving    yes      13.0.3  13.0-1     17.4 !      3 d       12/100      16  50 MB      80 GB

      Not healthy.
      broken   server-b/worker1: 10.0.0.2:5432 refuses the connection of the coordinator
               → \`docker start citus-worker1\`
      warning  server-c/worker1: it is marked as leaving since 2026-02-27T08:00:00.000Z, with 16 shards left on it
               → \`npx pg-dist add production server-c/worker1\` lifts the mark, as the environment still has it
      warning  server-c/worker1: it runs PostgreSQL 17.4 (coordinator 17.2)
               → give all nodes the same image, then ALTER EXTENSION citus UPDATE on each, as the first statement of a session; workers before the coordinator
      warning  server-a/coordinator: replication slot standby has no consumer and retains 3 GB of WAL
               → bring its reader back, or SELECT pg_drop_replication_slot('standby') there
      "
    `);
  });

  it("fits a narrow terminal: the least important columns go first", () => {
    expect(screen(BROKEN, 80)).toMatchInlineSnapshot(`
      "
      production  cluster citus, 2 workers, Citus 13.0.3, PostgreSQL 17.2
      by direct: 10.0.0.1:5432, at 2026-03-01 12:00:00 UTC

      node                  active     in sync  connections  shards   size  disk free
      server-a/coordinator  yes        yes           12/100       0  50 MB      80 GB
      server-b/worker1      no answer  yes                -      16      -          -
      server-c/worker1      leaving    yes           12/100      16  50 MB      80 GB

      Not healthy.
      broken   server-b/worker1: 10.0.0.2:5432 refuses the connection of the coordinator
               → \`docker start citus-worker1\`
      warning  server-c/worker1: it is marked as leaving since 2026-02-27T08:00:00.000Z, with 16 shards left on it
               → \`npx pg-dist add production server-c/worker1\` lifts the mark, as the environment still has it
      warning  server-c/worker1: it runs PostgreSQL 17.4 (coordinator 17.2)
               → give all nodes the same image, then ALTER EXTENSION citus UPDATE on each, as the first statement of a session; workers before the coordinator
      warning  server-a/coordinator: replication slot standby has no consumer and retains 3 GB of WAL
               → bring its reader back, or SELECT pg_drop_replication_slot('standby') there
      "
    `);
    const table = (width: number) => screen(someSnapshot(), width).split("\n").slice(4, 8);
    for (const width of [60, 80, 100, 120, 140]) {
      for (const line of table(width)) expect(line.length).toBeLessThanOrEqual(width);
    }
  });

  it("says that a stand-in is one, and takes an address for an environment", () => {
    const text = screen(
      someSnapshot({}, { standIn: true, environment: undefined, cluster: undefined, label: "db:5432/app" }),
    );
    expect(text).toContain("db:5432/app  2 workers, Citus 13.0.3, PostgreSQL 17.2");
    expect(text).toContain("This is the stand-in image");
  });

  it("is coloured on a terminal, and the same without the colours", () => {
    const paint = createPaint(true, { env: {} }, { isTTY: true });
    const coloured = statusScreen(BROKEN, judge(BROKEN), paint, Infinity).join("\n");
    expect(coloured).toContain("\x1b[31mno answer\x1b[39m");
    expect(`\n${stripVTControlCharacters(coloured)}\n`).toBe(screen(BROKEN));
  });
});

describe("colours", () => {
  it.each([
    ["on a terminal", true, { isTTY: true }, {}, true],
    ["into a file", true, { isTTY: false }, {}, false],
    ["with --no-color", false, { isTTY: true }, {}, false],
    ["with NO_COLOR", true, { isTTY: true }, { NO_COLOR: "1" }, false],
    ["with an empty NO_COLOR", true, { isTTY: true }, { NO_COLOR: "" }, true],
  ])("%s", (_name, color, stream, env, expected) => {
    expect(createPaint(color, { env }, stream)("red", "x") !== "x").toBe(expected);
  });
});

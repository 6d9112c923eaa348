import { describe, expect, it } from "vitest";
import { describeCluster } from "../../../../model/cluster";
import type { Environment } from "../../../../model/environment";
import { describeReview } from "../../../../operations/commands/review/json";
import { reviewMarkdown } from "../../../../operations/commands/review/markdown";
import { reviewScreen } from "../../../../operations/commands/review/screen";
import type { ForeseenRemoval } from "../../../../operations/cluster/moving/foresight";
import type { Lacking, LiveFacts } from "../../../../operations/observe/review/live-facts";
import { type Review, reviewPlan, withLive } from "../../../../operations/observe/review/review";
import { expectShape } from "../../../fixtures/json-shape";
import { type SomeNode, somePlan } from "../../observe/review/some-plan";

const ENVIRONMENT: Environment = {
  name: "production",
  hosts: {
    a: { connection: "ssh://a", address: "10.0.0.1" },
    b: { connection: "ssh://b", address: "10.0.0.2" },
  },
  coordinator: { host: "a" },
  workers: { b: 3 },
};

const command = (...settings: string[]) => ["postgres", ...settings.flatMap((each) => ["-c", each])];
const REPLACED = {
  container: ["delete", "create"],
  before: { command: command("max_connections=100") },
  after: { command: command("max_connections=300") },
  forces: ["command"],
} as const;
const CREATED = { container: ["create"], volume: ["create"], membership: ["create"] } as const;
const DESTROYED = { container: ["delete"], volume: ["delete"], membership: ["delete"] } as const;

const UNASKED: LiveFacts = { asked: false, because: "--plan-only was given", doubts: [] };

const GB = 1024 ** 3;

const ASKED: Extract<LiveFacts, { asked: true }> = {
  asked: true,
  doubts: [],
  foresight: {
    mode: "auto",
    leaving: [
      {
        ...{
          id: "c/worker1",
          registered: true,
          refused: false,
          shards: 64,
          bytes: 3 * GB,
          seconds: 95,
          complete: true,
        },
        to: [
          { node: "b/worker1", shards: 30, bytes: GB },
          { node: "b/worker2", shards: 34, bytes: 2 * GB },
        ],
      },
    ],
    room: [{ server: "b", before: 40 * GB, after: 37 * GB }],
    obstacles: [],
    moving: ["background job 3 is running (Rebalance all colocation groups)"],
    sessions: new Map([
      ["a/coordinator", 12],
      ["b/worker1", 1],
      ["b/worker2", 0],
    ]),
  },
};

const plain = (_colour: string, text: string) => text;

function some(live: LiveFacts = UNASKED): Review {
  const nodes = {
    "a/coordinator": REPLACED,
    "b/worker1": REPLACED,
    "b/worker2": REPLACED,
    "b/worker3": CREATED,
    "c/worker1": DESTROYED,
    "d/worker1": {},
  };
  const more = {
    "null_resource.registration": ["delete", "create"],
    "docker_network.c": ["delete"],
  } as const;
  return reviewed(nodes, live, more);
}

function reviewed(
  nodes: Parameters<typeof somePlan>[0],
  live: LiveFacts = UNASKED,
  more: Parameters<typeof somePlan>[1] = {},
): Review {
  return withLive(reviewPlan(somePlan(nodes, more), describeCluster(ENVIRONMENT)), live);
}

const NOTHING = reviewed({ "a/coordinator": {} });

describe("the report of a review", () => {
  it("says on a terminal what is refused, then what happens by its danger, the same once", () => {
    expect(reviewScreen(some(), undefined, plain)).toEqual([
      "production  cluster citus: 1 leaves, 3 are replaced (the coordinator among them), 1 joins, 1 unchanged",
      "",
      "refused  the coordinator is replaced together with 2 workers: the cluster is down meanwhile",
      '       → replace them one by one (docs/changing-a-cluster.md), or set `rollout: "all-at-once"` in the environment',
      "",
      "c/worker1: is emptied, removed from the cluster and destroyed; a move blocks writes to a shard briefly",
      "a/coordinator: is stopped, and started in a new container on its data: about 10 s, nobody can connect meanwhile",
      "  max_connections 100 -> 300",
      "b/worker1, b/worker2: are stopped, and started in new containers on their data: about 10 s, their shards can't be reached meanwhile",
      "  max_connections 100 -> 300",
      "b/worker3: starts empty and joins; has no shards until a rebalance",
      "the cluster was not queried: --plan-only was given",
      "delete   docker_network.c",
      "at the end  every node is registered, and the metadata on each verified",
    ]);
    expect(reviewScreen(NOTHING, undefined, plain)).toEqual([
      "production  cluster citus: no change",
      "the cluster was not queried: --plan-only was given",
    ]);
    expect(reviewScreen(reviewed({ "a/coordinator": {} }, ASKED), undefined, plain)).toHaveLength(1);
  });

  it("speaks of no rebalance where the whole cluster is new", () => {
    const first = reviewScreen(
      reviewed({ "a/coordinator": CREATED, "b/worker1": CREATED }),
      undefined,
      plain,
    );
    expect(first).toContain("b/worker1: starts empty and joins");
  });

  it("says what the running cluster says of it", () => {
    const lines = reviewScreen(some(ASKED), undefined, plain);
    expect(lines.filter((line) => /^(  |room|shards)/.test(line)).slice(1)).toEqual([
      "  64 shards with 3 GB move, 30 to b/worker1, 34 to b/worker2: about 1 min 35 s",
      "  max_connections 100 -> 300",
      "  12 client sessions on it end",
      "  max_connections 100 -> 300",
      "  1 client session on it ends",
      "  max_connections 100 -> 300",
      "shards are being moved now, and a node that stops would end that: background job 3 is running (Rebalance all colocation groups)",
      "room for shards on b: 40 GB, 37 GB after it",
    ]);
    expect(reviewMarkdown(some(ASKED), undefined)).toContain(
      "briefly<br>64 shards with 3 GB move, 30 to b/worker1, 34 to b/worker2: about 1 min 35 s |",
    );
  });

  it("says that writes wait where shards are to move so", () => {
    const live: LiveFacts = { ...ASKED, foresight: { ...ASKED.foresight, mode: "block_writes" } };
    expect(reviewScreen(some(live), undefined, plain).join("\n")).toContain(
      "destroyed; writes to a shard wait while it is copied",
    );
  });

  it("refuses what the running cluster can't do, and another cluster than the one that is meant", () => {
    const obstacle = { node: "c/worker1", what: "its shards don't all fit", remedy: "add a worker" };
    const live: LiveFacts = {
      ...ASKED,
      doubts: [{ what: "the server reached by b is a worker", remedy: "look" }],
      foresight: { ...ASKED.foresight, obstacles: [obstacle] },
    };
    expect(some(live).refusals).toMatchObject([
      { code: "coordinator-with-workers" },
      { code: "other-cluster", what: "the server reached by b is a worker" },
      { code: "removal", nodes: ["c/worker1"], what: "c/worker1: its shards don't all fit" },
    ]);
  });

  it("speaks of several nodes as of several", () => {
    const told = (node: SomeNode, more: Parameters<typeof somePlan>[0] = { "a/coordinator": {} }) =>
      reviewScreen(reviewed({ ...more, "b/worker1": node, "b/worker2": node }), undefined, plain).find(
        (line) => line.startsWith("b/worker1"),
      );
    const of = "b/worker1, b/worker2: ";
    expect(told({ volume: ["delete", "create"] })).toBe(
      `${of}are destroyed with their data; nothing is moved away first`,
    );
    expect(told({ container: ["create"], volume: ["create"] })).toBe(
      `${of}their volumes are gone: they are recreated, empty`,
    );
    expect(told({ container: ["create"] })).toBe(
      `${of}their containers are gone: they are recreated on their data`,
    );
    const stopped = {
      container: ["update"],
      before: { must_run: false },
      after: { must_run: true },
    } as const;
    expect(told(stopped)).toBe(
      `${of}are not running: they are started in place, and serve some seconds after the apply`,
    );
    expect(told({ container: ["update"] })).toBe(`${of}are changed in place: nothing stops`);
    expect(told(CREATED)).toBe(`${of}start empty and join; have no shards until a rebalance`);
    expect(told(CREATED, { "a/coordinator": CREATED })).toBe(`${of}start empty and join`);
    expect(told(DESTROYED)).toBe(
      `${of}are emptied, removed from the cluster and destroyed; no query fails, a move blocks writes to a shard briefly`,
    );
  });

  it("says of several that leave what moves of each, and for how long in all", () => {
    const [removal] = ASKED.foresight.leaving;
    const leaving = ["c/worker1", "d/worker1"].map((id) => ({ ...removal, id }) as ForeseenRemoval);
    const live: LiveFacts = { ...ASKED, foresight: { ...ASKED.foresight, leaving, sessions: new Map() } };
    const nodes = { "a/coordinator": {}, "c/worker1": DESTROYED, "d/worker1": DESTROYED };
    const lines = reviewScreen(reviewed(nodes, live), undefined, plain);
    expect(lines).toContain(
      "  64 shards with 3 GB of each move, 30 to b/worker1, 34 to b/worker2: about 1 min 35 s",
    );
    expect(lines).toContain("the 2 workers are emptied one after the other: about 3 min 10 s in all");
  });

  it("promises nothing of a removal that is refused, and calls no change quiet by which nodes stop", () => {
    const [removal] = ASKED.foresight.leaving;
    const refused = { ...removal, refused: true } as ForeseenRemoval;
    const obstacles = [{ node: "c/worker1", what: "its server holds table public.notes", remedy: "copy it" }];
    const live: LiveFacts = { ...ASKED, foresight: { ...ASKED.foresight, leaving: [refused], obstacles } };
    const nodes = { "a/coordinator": {}, "c/worker1": DESTROYED };
    const lines = reviewScreen(reviewed(nodes, live), undefined, plain);
    expect(lines).toContain(
      "c/worker1: stays as it is until what is refused is fixed; then it is emptied, removed from the cluster and destroyed",
    );
    expect(lines.join("\n")).toContain("3 GB would move, 30 to b/worker1");
    expect(lines.join("\n")).not.toContain("no query fails");
    const quiet = reviewScreen(reviewed(nodes, ASKED), undefined, plain).join("\n");
    expect(quiet).toContain("no query fails");
    const stops = reviewScreen(reviewed({ ...nodes, "b/worker1": REPLACED }, ASKED), undefined, plain);
    expect(stops.join("\n")).not.toContain("no query fails");
  });

  it("says first that the state is empty where a cluster answers, and what then helps", () => {
    const nodes = { "a/coordinator": CREATED, "b/worker1": CREATED, "b/worker2": CREATED };
    const ids = Object.keys(nodes);
    const quiet = {
      ...ASKED.foresight,
      leaving: [],
      room: [],
      moving: [],
      sessions: new Map<string, number>(),
    };
    const at = "10.0.0.1:5432";
    const live = (lacking: Lacking): LiveFacts => ({ ...ASKED, foresight: quiet, lacking });
    const lines = reviewScreen(reviewed(nodes, live({ nodes: ids, all: true, at })), undefined, plain);
    expect(lines[0]).toBe("production  cluster citus: 3 are running already (the coordinator among them)");
    expect(lines[2]).toBe("refused  the state is empty, but a cluster answers at 10.0.0.1:5432");
    expect(lines[3]).toContain("`npx pg-dist recover production`");
    expect(lines).toContain(
      "a/coordinator, b/worker1, b/worker2: are running already, but are not in the state: an apply fails where their names are taken",
    );
    const one = { "a/coordinator": REPLACED, "b/worker1": REPLACED, "b/worker2": CREATED };
    const { refusals } = reviewed(one, live({ nodes: ["b/worker2"], all: false, at }));
    expect(refusals.map(({ code }) => code)).toEqual(["state-lacks", "coordinator-with-workers"]);
    expect(refusals[0]?.what).toBe(
      "the state doesn't have b/worker2, but the cluster that answers at 10.0.0.1:5432 does",
    );
  });

  it("has the reason of what was let pass", () => {
    const lines = reviewScreen(some(), "a maintenance window on Sunday", plain);
    expect(lines[2]).toMatch(/^allowed {2}the coordinator/);
    expect(lines[3]).toContain("a maintenance window on Sunday");
    expect(reviewMarkdown(some(), "a maintenance window on Sunday")).toMatch(
      /^## production: allowed by hand$[^]*> \*\*Allowed:\*\* the coordinator[^]*> a maintenance window on Sunday$/m,
    );
  });

  it("is one comment of a pull request, known by its mark, with the safe part folded", () => {
    expect(reviewMarkdown(some(), undefined)).toMatchInlineSnapshot(`
      "<!-- pg-dist review production -->
      ## production: refused

      1 leaves, 3 are replaced (the coordinator among them), 1 joins, 1 unchanged.

      > **Refused:** the coordinator is replaced together with 2 workers: the cluster is down meanwhile
      >
      > replace them one by one (docs/changing-a-cluster.md), or set \`rollout: "all-at-once"\` in the environment

      | node | what happens | why |
      | --- | --- | --- |
      | \`c/worker1\` | is emptied, removed from the cluster and destroyed; a move blocks writes to a shard briefly |  |
      | \`a/coordinator\` | is stopped, and started in a new container on its data: about 10 s, nobody can connect meanwhile | \`max_connections 100 -> 300\` |
      | \`b/worker1\`<br>\`b/worker2\` | are stopped, and started in new containers on their data: about 10 s, their shards can't be reached meanwhile | \`max_connections 100 -> 300\` |
      | \`b/worker3\` | starts empty and joins; has no shards until a rebalance |  |

      - the cluster was not queried: --plan-only was given

      <details><summary>Also</summary>

      - 1 node unchanged
      - every node is registered at the end, and the metadata on each verified
      - delete \`docker_network.c\`

      </details>
      "
    `);
    expect(reviewMarkdown(NOTHING, undefined)).toBe(
      "<!-- pg-dist review production -->\n## production\n\nNo change.\n\nthe cluster was not queried: --plan-only was given\n",
    );
  });

  it("fits a comment, whatever the size of the cluster, and says how much was cut", () => {
    const nodes = Object.fromEntries(
      Array.from({ length: 2000 }, (_, index) => [
        `b/worker${index}`,
        { ...REPLACED, after: { command: command(`max_connections=${index}`) } },
      ]),
    );
    const text = reviewMarkdown(reviewed(nodes), undefined);
    expect(text.length).toBeLessThan(65_536);
    expect(text).toMatch(/> \*\*Refused:\*\* 2000 containers/);
    expect(text).toMatch(/\d+ more lines: see the job's log\.\n$/);
  });

  it("can't be broken by what a plan says", () => {
    const before = { command: command("log_line_prefix=%m | <b>") };
    const node = { ...REPLACED, before, after: { command: command("log_line_prefix=a\n`b`") } };
    const text = reviewMarkdown(reviewed({ "b/worker1": node }), undefined);
    expect(text.split("\n").find((line) => line.includes("b/worker1"))).toContain(
      "log_line_prefix %m \\| <b> -> a 'b'",
    );
  });

  it("is as schemas/review.json has it for a script", () => {
    const saved = { file: "reviewed.plan", sha256: "0".repeat(64) };
    const plan = { saved, terraform: "1.11.4", madeAt: undefined };
    const answer = { version: 1, command: "review", ...describeReview(some(), plan, undefined) };
    expectShape("review", JSON.stringify(answer));
    expectShape("review", JSON.stringify({ ...answer, ...describeReview(some(ASKED), plan, undefined) }));
    expect(answer).toMatchObject({ refused: true, allowed: null, registers: true });
    expect(describeReview(some(), plan, "meant")).toMatchObject({ refused: false, allowed: "meant" });
  });
});

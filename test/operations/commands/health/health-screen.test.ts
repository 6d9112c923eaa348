import { expect, it } from "vitest";
import { healthScreen } from "../../../../operations/commands/health/command";
import type { Health } from "../../../../operations/observe/health/health";

const LABELS = ["server-a/coordinator", "server-b/worker1", "server-c/worker1"];

function health(unhealthy: Readonly<Record<string, boolean | null>>, changes: Partial<Health> = {}): Health {
  return {
    nodes: LABELS.map((label, index) => ({ label, endpoint: { host: `10.0.0.${index + 1}`, port: 5432 } })),
    pairs: LABELS.flatMap((from) =>
      LABELS.map((to) => {
        const key = `${from[7]}${to[7]}`;
        return { from, to, healthy: key in unhealthy ? (unhealthy[key] ?? null) : true };
      }),
    ),
    broken: [],
    slow: [],
    inactive: [],
    ...changes,
  };
}

function screen(shown: Health): string {
  return `\n${healthScreen(shown, (_colour, text) => text, Infinity).join("\n")}\n`;
}

it("shows that all pairs are healthy", () => {
  expect(screen(health({}))).toMatchInlineSnapshot(`
    "
       from \\ to             1   2   3
    1  server-a/coordinator  ok  ok  ok
    2  server-b/worker1      ok  ok  ok
    3  server-c/worker1      ok  ok  ok

    9 of 9 pairs healthy
    Healthy.
    "
  `);
});

it("shows a node that is down, one link that is cut, and a node that isn't active", () => {
  const shown = health(
    { ac: false, bc: false, ca: null, cb: null, cc: null, ba: false },
    {
      broken: [
        {
          node: "server-a/coordinator",
          from: ["server-b/worker1"],
          what: "10.0.0.1:5432 does not answer server-b/worker1",
          remedy: "allow the port",
        },
        {
          node: "server-c/worker1",
          from: ["server-a/coordinator", "server-b/worker1"],
          what: "10.0.0.3:5432 refuses the connection of the coordinator",
          remedy: "start it",
        },
      ],
      inactive: ["server-d/worker1"],
    },
  );
  expect(screen(shown)).toMatchInlineSnapshot(`
    "
       from \\ to             1     2   3
    1  server-a/coordinator  ok    ok  FAIL
    2  server-b/worker1      FAIL  ok  FAIL
    3  server-c/worker1      ?     ?   ?

    3 of 9 pairs healthy
    not active, and left out: server-d/worker1
    Not healthy.
    broken   server-a/coordinator: 10.0.0.1:5432 does not answer server-b/worker1
             → allow the port
    broken   server-c/worker1: not reached by 2 nodes: 10.0.0.3:5432 refuses the connection of the coordinator
             → start it
    "
  `);
});

it("is healthy with a slow link, and advises what to look at", () => {
  const slow = {
    node: "server-c/worker1",
    from: "server-b/worker1",
    what: "10.0.0.3:5432 answers server-b/worker1 on the second attempt only, after 1.3 s",
    remedy: "see their load",
  };
  expect(screen(health({}, { slow: [slow] }))).toContain(
    `9 of 9 pairs healthy
Healthy.
advice   server-c/worker1: 10.0.0.3:5432 answers server-b/worker1 on the second attempt only, after 1.3 s
         → see their load
`,
  );
});

/** Fourteen nodes, the sixth of which is down, and the second of which doesn't reach three others. */
function fourteen(): Health {
  const labels = Array.from({ length: 14 }, (_, index) => `server-${"abcdefghijklmn"[index]}/worker1`);
  return {
    nodes: labels.map((label, index) => ({ label, endpoint: { host: `10.0.0.${index + 1}`, port: 5432 } })),
    pairs: labels.flatMap((from, source) =>
      labels.map((to, target) => {
        const cut = target === 5 || (source === 1 && target >= 11);
        return { from, to, healthy: source === 5 ? null : !cut };
      }),
    ),
    broken: [
      {
        node: "server-f/worker1",
        from: labels.filter((_, index) => index !== 5),
        what: "10.0.0.6:5432 refuses the connection of the coordinator",
        remedy: "start it",
      },
    ],
    slow: [],
    inactive: [],
  };
}

it("is a row per node where the terminal is too narrow for the matrix, with those it fails to reach", () => {
  const shown = fourteen();
  const lines = (width: number) => healthScreen(shown, (_colour, text) => text, width);
  expect(`\n${lines(80).join("\n")}\n`).toMatchInlineSnapshot(`
    "
        from               reaches  fails to reach
     1  server-a/worker1  13 of 14  6
     2  server-b/worker1  10 of 14  6, 12-14
     3  server-c/worker1  13 of 14  6
     4  server-d/worker1  13 of 14  6
     5  server-e/worker1  13 of 14  6
     6  server-f/worker1         ?  could not be asked
     7  server-g/worker1  13 of 14  6
     8  server-h/worker1  13 of 14  6
     9  server-i/worker1  13 of 14  6
    10  server-j/worker1  13 of 14  6
    11  server-k/worker1  13 of 14  6
    12  server-l/worker1  13 of 14  6
    13  server-m/worker1  13 of 14  6
    14  server-n/worker1  13 of 14  6

    166 of 196 pairs healthy
    Not healthy.
    broken   server-f/worker1: not reached by 13 nodes: 10.0.0.6:5432 refuses the connection of the coordinator
             → start it
    "
  `);
  expect(lines(120)[0]).toMatch(/^ +from \\ to +1 +2 +3 /);
  for (const width of [40, 60, 80, 100, 120]) {
    const table = lines(width).slice(0, 15);
    for (const line of table) expect(line.length, line).toBeLessThanOrEqual(width);
  }
});

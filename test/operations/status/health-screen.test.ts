import { expect, it } from "vitest";
import { healthScreen } from "../../../operations/commands/health";
import type { Health } from "../../../operations/status/health";

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

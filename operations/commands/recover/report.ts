import type { Paint } from "../../cli/output";
import { commandIn, render, typed, deployOf } from "../../base/remedy";
import type { CarriedOut } from "../../change/recover/carry-out";
import type { Recovery } from "../../change/recover/recover";

const COLOUR = { adopt: "green", remove: "red", leave: "yellow" } as const;

const LABELS = { adopt: "adopt", remove: "remove", leave: "leave alone" } as const;

/** The plan of a recovery as lines for a person. */
export function reportPlan({ cluster, situation, actions, memberships }: Recovery, paint: Paint): string[] {
  const { hosts, coordinator, state } = situation;
  const unreachable = hosts.flatMap(({ host, unreachable: cause, remedy }) => {
    if (cause === undefined) return [];
    const toDo = remedy === undefined ? "" : ` To include it: ${render(remedy, "person")}.`;
    return [paint("red", `Docker host ${host} can't be inspected: ${cause}. Left out.${toDo}`)];
  });
  const running = coordinator.kind === "answered" ? coordinator.running : [];
  return [
    ...unreachable,
    ...running.map((program) =>
      paint("yellow", `Still at work on the cluster: ${program}. The next apply waits for it.`),
    ),
    ...(coordinator.kind === "silent"
      ? [paint("yellow", `The coordinator can't be queried: ${coordinator.cause}. No volume is removed.`)]
      : []),
    ...(actions.length === 0 && memberships.length === 0
      ? [
          `Nothing to recover in ${cluster.environment}: everything that exists is as the state has it (${state.length} resources).`,
        ]
      : []),
    ...(actions.length === 0 ? [] : table(actions, paint)),
    ...(memberships.length === 0
      ? []
      : [
          `Terraform's state has no membership of ${memberships.join(", ")}, which drains a worker before it goes: put back.`,
        ]),
  ];
}

/** What comes after a recovery that was carried out. */
export function reportNext({ cluster }: Recovery, unsafe: boolean): string[] {
  return [
    `Next, before any other change: ${deployOf(cluster.environment)}. It makes what is missing, registers and verifies every node; the plan after it is empty.`,
    ...(unsafe
      ? [
          "Until then delete no worker from the environment: the memberships could not be put back into the state without " +
            "changing something else, and without them it would be destroyed undrained. To have them before: undo what was edited in " +
            `the environment since its last deploy, then \`${typed(commandIn(cluster, "recover"))}\`. The deploy puts them back too, with the edit.`,
        ]
      : []),
  ];
}

function table(actions: Recovery["actions"], paint: Paint): string[] {
  const header = ["ACTION", "HOST", "WHAT", "WHY"] as const;
  const rows = actions.map(({ action, type, host, name, reason }) => ({
    action,
    cells: [LABELS[action], host, `${type} ${name}`, reason],
  }));
  const widths = [0, 1, 2].map((column) =>
    Math.max(...[header, ...rows.map(({ cells }) => cells)].map((cells) => (cells[column] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return [
    paint("bold", line(header)),
    ...rows.map(({ action, cells: [label = "", ...rest] }) => {
      const [first = 0] = widths;
      return `${paint(COLOUR[action], label.padEnd(first))}${line(["", ...rest]).slice(first)}`;
    }),
  ];
}

/** What `--json` prints: commands/schemas/recover.json. */
export function describeRecovery(
  recovery: Recovery,
  outcome: "planned" | "done",
  { unhealthy, unsafe }: CarriedOut,
) {
  const { situation, actions, memberships } = recovery;
  return {
    environment: situation.environment,
    cluster: situation.cluster,
    hosts: situation.hosts.map(({ host, unreachable }) => ({
      host,
      reachable: unreachable === undefined,
      ...(unreachable === undefined ? {} : { cause: unreachable }),
    })),
    coordinator: situation.coordinator,
    actions,
    memberships,
    outcome,
    unhealthy,
    unsafe,
  };
}

import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../../operations/change/recover/check-plan";
import type { PlannedAction } from "../../../../operations/terraform/plan";
import { judgeLog } from "../../../../operations/change/recover/initialisation";

describe("what a log proves of a first initialisation", () => {
  const owner = 'The files belonging to this database system will be owned by user "postgres".\n';
  const begun = `${owner}creating subdirectories ... ok\n`;
  const notEmpty = `${owner}initdb: error: directory "/x" exists but is not empty\n`;
  const complete = "PostgreSQL init process complete; ready for start up.\n";
  const again = "PostgreSQL Database directory appears to contain a database; Skipping initialization\n";

  const ready = "LOG:  database system is ready to accept connections\n";

  it.each([
    ["runs", begun, "running", "running"],
    ["was cut off, and the container stands still", begun, "exited", "unfinished"],
    ["was cut off, and the container was started again", begun + again, "running", "unfinished"],
    ["was cut off, and the container starts again and again", begun + again, "restarting", "unfinished"],
    ["was cut off, and the server served after that", begun + again + ready, "exited", "unknown"],
    ["ended", begun + complete, "running", "finished"],
    ["ended, and the server died later", begun + complete + again, "exited", "finished"],
    ["was another container's", again, "running", "unknown"],
    ["had not begun", "", "exited", "unknown"],
    ["was cut off before it had looked into the directory", owner, "exited", "unknown"],
    ["ran into another one's files", notEmpty, "exited", "unknown"],
    ["ran into another one's files, after one that had not looked", owner + notEmpty, "exited", "unknown"],
    ["was cut off early, and runs into its own files", begun + notEmpty + notEmpty, "running", "unfinished"],
  ] as const)("that %s", (_, log, status, expected) => {
    expect(judgeLog(log, status, true)).toBe(expected);
  });

  it("is nothing where the entrypoint is another one, which would not say that it ended", () => {
    expect(judgeLog(begun, "exited", false)).toBe("unknown");
  });
});

describe("the plan of an adoption", () => {
  const change = (address: string, actions: PlannedAction[], more: object = {}) => ({
    address,
    type: address.slice(0, address.indexOf(".")),
    name: address.slice(address.indexOf(".") + 1),
    change: { actions, ...more },
  });
  const importing = { importing: { id: "x" } };
  const wanted = ["docker_container.a", "docker_volume.a"];
  const adoption = [
    change("docker_container.a", ["update"], importing),
    change("docker_volume.a", ["no-op"], importing),
  ];

  it("may import, set what only the state holds, and look an image up", () => {
    const plan = {
      resource_changes: [
        ...adoption,
        change("docker_image.a", ["create"]),
        change("docker_network.a", ["no-op"]),
      ],
    };
    expect(checkPlan(plan, wanted)).toEqual([]);
  });

  it.each([
    [
      "replace",
      change("docker_container.b", ["delete", "create"], {
        ...importing,
        replace_paths: [["command", 3], ["ports"], ["ports"]],
      }),
      "docker_container.b: would delete and create (its command, ports differ from the configuration)",
    ],
    ["destroy", change("docker_container.b", ["delete"]), "docker_container.b: would delete"],
    ["create", change("docker_network.b", ["create"]), "docker_network.b: would create"],
    [
      "change what is in the state already",
      change("docker_container.b", ["update"]),
      "docker_container.b: would update",
    ],
    ["forget", change("docker_container.b", ["forget"]), "docker_container.b: would forget"],
  ])("may not %s", (_, other, problem) => {
    expect(checkPlan({ resource_changes: [...adoption, other] }, wanted)).toEqual([problem]);
  });

  it("has all that was wanted", () => {
    expect(checkPlan({ resource_changes: adoption.slice(1) }, wanted)).toEqual([
      "docker_container.a: would not be imported",
    ]);
    expect(checkPlan({}, wanted)).toHaveLength(2);
  });
});

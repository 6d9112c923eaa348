import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { addActivity } from "../../../operations/commands/activity";
import { addConnections } from "../../../operations/commands/connections";
import { addHealth } from "../../../operations/commands/health";
import { addLocks } from "../../../operations/commands/locks";
import { addNodes } from "../../../operations/commands/nodes";
import { addShards } from "../../../operations/commands/shards";
import { addStatus } from "../../../operations/commands/status";
import { addTables } from "../../../operations/commands/tables";
import { addTenants } from "../../../operations/commands/tenants";

const ADDERS = [
  addStatus,
  addHealth,
  addNodes,
  addShards,
  addTables,
  addTenants,
  addActivity,
  addLocks,
  addConnections,
];

describe("the help of every read command", () => {
  it.each(ADDERS.map((add) => [add.name, add] as const))("%s", (_name, add) => {
    const program = new Command("pg-dist");
    add(program);
    const [command] = program.commands;
    let help = "";
    command?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    expect(help).toMatch(new RegExp(`Examples?:\n  npx pg-dist ${command?.name()} production`));
    for (const option of ["--url", "--via", "--timeout", "--json"]) expect(help).toContain(option);
    for (const line of help.split("\n")) expect(line.length, line).toBeLessThanOrEqual(120);
  });
});

import { type CitusContainers, docker } from "./citus-containers";
import { pgDistInProcess } from "./commands-in-process";
import type { SettingCase } from "./some-settings";

/** Commands that only read, with their answers for a script. */
const COMMANDS: readonly (readonly string[])[] = [
  ...["status", "health", "nodes", "shards", "tables", "tenants", "activity", "locks", "connections"].map(
    (name) => [name, "test"],
  ),
  ["rebalance", "test", "plan"],
];

/** What each command answered, without what differs from one time to the next. */
export type Answers = Readonly<Record<string, { readonly code: number; readonly text: string }>>;

export async function readAnswers(folder: string, commands = COMMANDS): Promise<Answers> {
  const answers: Record<string, Answers[string]> = {};
  for (const command of commands) {
    const { code, stdout, stderr } = await pgDistInProcess(folder, [...command, "--json", "--timeout", "30"]);
    const text = stdout.startsWith("{") ? JSON.stringify(JSON.parse(stdout), steady, 1) : stdout + stderr;
    answers[command[0] ?? ""] = { code, text };
  }
  return answers;
}

/** Of sizes, times, processes and counts of connections, which differ anyway. */
const UNSTEADY = [
  ...["at", "pid", "gpid", "age", "waited", "uptime", "size", "bytes", "available", "free", "used", "total"],
  ...["query", "internal", "count", "clients", "idle", "active", "estimate", "activity", "sessions"],
];

function steady(key: string, value: unknown): unknown {
  if (UNSTEADY.includes(key)) return "*";
  return typeof value === "string" ? value.replace(/\d+(\.\d+)? ?(ms|s|kB|MB|GB|B)\b/g, "*") : value;
}

/** Per command that answered otherwise: the lines that are new. */
export function differences(expected: Answers, actual: Answers): string[] {
  return Object.entries(expected).flatMap(([command, { code, text }]) => {
    const other = actual[command];
    if (other === undefined || (other.code === code && other.text === text)) return [];
    const known = text.split("\n");
    const fresh = other.text.split("\n").filter((line) => !known.includes(line));
    return [`${command}: ${code} -> ${other.code}: ${fresh.map((line) => line.trim()).join(" ")}`];
  });
}

/** These take a list, each of whose elements is a value. */
const LISTS = ["search_path", "temp_tablespaces", "log_destination", "createrole_self_grant", "DateStyle"];

const literal = (value: string) => `'${value.replaceAll("'", "''")}'`;

function valueOf({ name, value }: SettingCase): string {
  return LISTS.includes(name) ? value.split(", ").map(literal).join(", ") : literal(value);
}

/** Gives settings to the cluster's database, or to the whole server, on each node by itself. */
export async function giveSettings(
  citus: CitusContainers,
  nodes: readonly string[],
  settings: readonly SettingCase[],
): Promise<void> {
  const statements = settings.map((setting) =>
    setting.scope === "database"
      ? `ALTER DATABASE postgres SET ${setting.name} = ${valueOf(setting)}`
      : `ALTER SYSTEM SET ${setting.name} = ${valueOf(setting)}`,
  );
  await administer(citus, nodes, [...statements, "SELECT pg_reload_conf()"]);
}

/** Takes them back. */
export async function takeSettings(
  citus: CitusContainers,
  nodes: readonly string[],
  settings: readonly SettingCase[],
): Promise<void> {
  const system = settings.filter(({ scope }) => scope === "system");
  const statements = system.map(({ name }) => `ALTER SYSTEM RESET ${name}`);
  await administer(citus, nodes, [
    "ALTER DATABASE postgres RESET ALL",
    ...statements,
    "SELECT pg_reload_conf()",
  ]);
}

/** From another database, whose sessions are as ever; each statement by itself, as ALTER SYSTEM must be. */
export async function administer(
  citus: CitusContainers,
  nodes: readonly string[],
  statements: readonly string[],
): Promise<string[]> {
  return Promise.all(
    nodes.map((node) =>
      docker(
        ...["exec", "-e", "PGOPTIONS=-c citus.enable_ddl_propagation=off", citus.container(node)],
        ...["psql", "-h", "127.0.0.1", "-U", "postgres", "-d", "template1", "-v", "ON_ERROR_STOP=1", "-qAt"],
        ...statements.flatMap((statement) => ["-c", statement]),
      ),
    ),
  );
}

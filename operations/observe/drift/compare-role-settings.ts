import type { Cluster, ClusterNode } from "../../../model/cluster";
import { quoteName } from "../../base/shown-words";
import { type CommandLine, type Remedy, advise, commandIn, joinRemedies } from "../../base/remedy";
import type { SettingsOfNode } from "./compare-settings";
import type { Drift } from "./drift";
import type { RoleSetting } from "./read-settings";
import { shownValue } from "./setting-value";

/** Of many nodes only the first few are named in a remedy: the others get the same. */
const NAMED = 3;

/**
 * What ALTER ROLE and ALTER DATABASE set for new sessions, in whatever database: it has precedence over all that is declared.
 * The same on several nodes is one finding, as Citus repeats on every node what the coordinator is told.
 */
export function compareRoleSettings(all: readonly SettingsOfNode[], cluster: Cluster): Drift[] {
  const groups = new Map<string, { readonly setting: RoleSetting; readonly nodes: ClusterNode[] }>();
  for (const { node, found } of all) {
    for (const setting of found.roles) {
      const { database, role, name, value } = setting;
      const key = JSON.stringify([database, role, name, value]);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { setting, nodes: [node] });
      else group.nodes.push(node);
    }
  }
  return [...groups.values()].map(({ setting, nodes }) => {
    const { name, value, role } = setting;
    const declared = nodes.find((node) => node.settings[name] !== undefined)?.settings[name];
    return {
      code: role === null && setting.database !== null ? "database-setting" : "role-setting",
      severity: declared === undefined ? "advice" : "warning",
      where: nodes.map(({ id }) => id),
      subject: `${name} for ${whomOf(setting)}`,
      what: `${name} was set for ${whomOf(setting)}${declared === undefined ? "" : ", overriding what is declared"}`,
      declared: declared === undefined ? "not declared" : shownValue(declared),
      found: shownValue(value),
      remedy: resetRemedy(setting, nodes, cluster),
    };
  });
}

function whomOf({ database, role }: RoleSetting): string {
  const where = database === null ? "" : `database ${quoteName(database)}`;
  if (role !== null) return `role ${quoteName(role)}${where === "" ? "" : ` in ${where}`}`;
  return where === "" ? "all roles" : where;
}

function resetRemedy(setting: RoleSetting, nodes: readonly ClusterNode[], cluster: Cluster): Remedy {
  const coordinator = nodes.find(({ role }) => role === "coordinator");
  if (coordinator !== undefined && isRepeated(setting, cluster)) {
    const command = reset(setting, coordinator, cluster, true);
    return nodes.length === 1 ? advise`${command}` : advise`${command}, which Citus repeats on every node`;
  }
  const commands = nodes
    .slice(0, NAMED)
    .map((node): Remedy => advise`${reset(setting, node, cluster, false)}`);
  const others = nodes.slice(NAMED).map(({ id }) => id);
  const more = others.length === 0 ? "" : `; and the same on ${others.join(", ")}`;
  return advise`${joinRemedies(commands, "; ")}${more}`;
}

/** What Citus repeats on every node when the coordinator is told (13.0.3): nothing of a database, or of another one. */
function isRepeated({ role, database }: RoleSetting, cluster: Cluster): boolean {
  return database === null || (role !== null && database === cluster.database);
}

/** @param repeated whether Citus is to repeat it; a worker takes it only while nothing is */
function reset(
  { database, role, name }: RoleSetting,
  node: ClusterNode,
  cluster: Cluster,
  repeated: boolean,
): CommandLine {
  const whom =
    role === null && database !== null
      ? `DATABASE ${quoteName(database)}`
      : `ROLE ${role === null ? "ALL" : quoteName(role)}`;
  const inside = role !== null && database !== null ? ` IN DATABASE ${quoteName(database)}` : "";
  const before = [
    // Without it the session can't change that itself.
    ...(name === "default_transaction_read_only" ? ["SET default_transaction_read_only = off"] : []),
    ...(repeated ? [] : ["SET citus.enable_ddl_propagation = off"]),
  ];
  const statements = [...before, `ALTER ${whom}${inside} RESET ${name}`];
  return commandIn(cluster, "psql", node.id, "--", ...statements.flatMap((each) => ["-c", each]));
}

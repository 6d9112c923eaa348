import type { Cluster, ClusterNode } from "../../../model/cluster";
import { shellWord } from "../../base/shown-words";
import { type Remedy, advise, commandIn, deployOf } from "../../base/remedy";
import { hostOf } from "../../cluster/cluster-file";
import { describeDocker } from "../../docker/describe-docker";
import type { Drift } from "./drift";
import { isMadeByUs, isOfInitdb } from "./made-by-us";
import { type FileSetting, type NodeSettings, SHARED_SETTINGS, type ServerSetting } from "./read-settings";
import { isSameValue, shownValue } from "./setting-value";

/** A node that said what its settings are. */
export interface SettingsOfNode {
  readonly node: ClusterNode;
  readonly found: NodeSettings;
}

/** Settings of servers against what is declared, and against each other. */
export function compareSettings(all: readonly SettingsOfNode[], cluster: Cluster): Drift[] {
  const own = all.map((each) => ({ each, named: ofNode(each, cluster) }));
  const told = new Set(own.flatMap(({ named }) => named.map(({ name }) => name)));
  return [...own.flatMap(({ named }) => named.map(({ drift }) => drift)), ...differences(all, told)];
}

/** Between nodes, of what is not told of one of them already; nor what only follows from another difference. */
function differences(all: readonly SettingsOfNode[], told: ReadonlySet<string | null>): Drift[] {
  const found = new Map(
    SHARED_SETTINGS.filter((name) => !told.has(name) && !told.has(originOf(name))).map(
      (name) => [name, differing(name, all)] as const,
    ),
  );
  return [...found].flatMap(([name, drifts]) => {
    const origin = originOf(name);
    return origin !== name && (found.get(origin) ?? []).length > 0 ? [] : drifts;
  });
}

interface Named {
  /** Of the setting; null for a line that can't be read. */
  readonly name: string | null;
  readonly drift: Drift;
}

function ofNode(each: SettingsOfNode, cluster: Cluster): Named[] {
  const lines = [...altered(each, cluster), ...edited(each, cluster)];
  const told = new Set(lines.map(({ name }) => name));
  return [
    ...lines,
    ...running(each, cluster).filter(({ name }) => !told.has(name)),
    ...pending(each, cluster).filter(({ name }) => !told.has(name)),
  ];
}

/** What our own session, or a role or a database of its own, has set says nothing of the server. */
const OF_THE_SERVER = ["command line", "configuration file", "default", "environment variable"];

/** Declared, and the server was started without it, or with another value. */
function running({ node, found }: SettingsOfNode, cluster: Cluster): Named[] {
  return Object.entries(node.settings).flatMap(([name, value]): Named[] => {
    const setting = settingOf(found, name);
    if (setting === undefined || !OF_THE_SERVER.includes(setting.source)) return [];
    if (isSameValue(value, setting.value, setting)) return [];
    return [
      {
        name,
        drift: {
          code: "setting",
          severity: "warning",
          where: [node.id],
          subject: name,
          what: `its server runs with a different ${name} (${setting.source})`,
          ...{ declared: shownValue(value), found: shownValue(setting.value, setting.unit) },
          remedy: advise`${deployOf(cluster.environment)}; where that has no changes ${restart(node, cluster)}`,
        },
      },
    ];
  });
}

const AUTO_FILE = /\/postgresql\.auto\.conf$/;

/** ALTER SYSTEM, also where it has no effect. */
function altered({ node, found }: SettingsOfNode, cluster: Cluster): Named[] {
  return found.files.flatMap(({ file, name, value }): Named[] => {
    if (!AUTO_FILE.test(file) || name === null || value === null || isMadeByUs(name, value)) return [];
    const setting = settingOf(found, name);
    const words = ["-c", `ALTER SYSTEM RESET ${name}`, "-c", "SELECT pg_reload_conf()"];
    const reset = advise`${commandIn(cluster, "psql", node.id, "--", ...words)}${afterwards(setting, file, node, cluster)}`;
    return [
      {
        name,
        drift: {
          code: "alter-system",
          severity: isOverridden(setting) ? "advice" : "warning",
          where: [node.id],
          subject: name,
          what: `${name} was set by ALTER SYSTEM${effect(setting, file, value)}`,
          ...{ declared: declaredOf(node, name), found: shownValue(value) },
          remedy: isOverridden(setting)
            ? reset
            : advise`${reset}; or, if it is intended, put it into the node's \`settings\` and deploy`,
        },
      },
    ];
  });
}

/** Lines that somebody wrote into postgresql.conf, or into a file that it includes. */
function edited({ node, found }: SettingsOfNode, cluster: Cluster): Named[] {
  const seen = new Set<string>();
  return found.files.flatMap((each): Named[] => {
    const { file, line, name, value, error } = each;
    if (AUTO_FILE.test(file)) return [];
    // A second line of the same name was appended.
    const first = name !== null && !seen.has(name);
    if (name !== null) seen.add(name);
    if (first && file.endsWith("/postgresql.conf") && isOfInitdb(name, value ?? "", found.sample)) return [];
    const setting = name === null ? undefined : settingOf(found, name);
    return [
      {
        name,
        drift: {
          code: "config-file",
          severity: isOverridden(setting) ? "advice" : "warning",
          where: [node.id],
          what:
            name === null
              ? `line ${line} of ${file} can't be read: ${error ?? "no reason given"}`
              : `${name} was set in ${file}, line ${line}${effect(setting, file, value ?? "")}`,
          ...(name === null
            ? {}
            : { subject: name, declared: declaredOf(node, name), found: shownValue(value ?? "") }),
          remedy: uncommentRemedy(each, setting, node, cluster),
        },
      },
    ];
  });
}

/** Commented out: the numbers of the other lines stay what they are. */
function uncommentRemedy(
  { file, line }: FileSetting,
  setting: ServerSetting | undefined,
  node: ClusterNode,
  cluster: Cluster,
): Remedy {
  const sed = ["exec", shellWord(node.container), "sed", "-i", `${line}s/^/#/`, shellWord(file)];
  const reload = commandIn(cluster, "psql", node.id, "--", "-c", "SELECT pg_reload_conf()");
  return advise`\`${describeDocker(hostOf(cluster, node), sed)}\` and ${reload}${afterwards(setting, file, node, cluster)}; or, if it is intended, put it into the node's \`settings\` and deploy`;
}

/** Changed in a file, and undone there since, or by our own registration. */
function pending({ node, found }: SettingsOfNode, cluster: Cluster): Named[] {
  return found.settings
    .filter((setting) => setting.pending)
    .map(({ name, value, unit }) => ({
      name,
      drift: {
        code: "pending-restart",
        severity: "warning",
        where: [node.id],
        subject: name,
        what: `${name} was changed in its files, and takes effect at its next start`,
        ...{ declared: declaredOf(node, name), found: shownValue(value, unit) },
        remedy: restart(node, cluster),
      },
    }));
}

/** Citus makes it twice the connections where nobody has set it. */
function originOf(name: string): string {
  return name === "max_prepared_transactions" ? "max_connections" : name;
}

/** Of one that nobody declares to differ. */
function differing(name: string, all: readonly SettingsOfNode[]): Drift[] {
  const isDeclared = (each: string) => new Set(all.map(({ node }) => node.settings[each])).size > 1;
  if (isDeclared(name) || isDeclared(originOf(name))) return [];
  const groups = new Map<string, { readonly ids: string[]; readonly shown: string }>();
  for (const { node, found } of all) {
    const setting = settingOf(found, name);
    if (setting === undefined) return [];
    const value = setting.value.replace(/[\s"]/g, "");
    const group = groups.get(value);
    if (group === undefined)
      groups.set(value, { ids: [node.id], shown: shownValue(setting.value, setting.unit) });
    else group.ids.push(node.id);
  }
  const [most, ...others] = [...groups.values()].sort((a, b) => b.ids.length - a.ids.length);
  if (most === undefined || others.length === 0) return [];
  return [
    {
      code: "settings-differ",
      severity: "warning",
      where: others.flatMap(({ ids }) => ids),
      subject: name,
      what: `${name} differs between nodes, though none is declared to`,
      declared: `as on ${most.ids[0] ?? ""}: ${most.shown}`,
      found: others.map(({ shown }) => shown).join(", "),
      remedy: `set ${name} in the environment's \`settings\`, and deploy: all nodes have it then`,
    },
  ];
}

function settingOf({ settings }: NodeSettings, name: string): ServerSetting | undefined {
  return settings.find((each) => each.name.toLowerCase() === name.toLowerCase());
}

/** A command line has precedence over every file. */
function isOverridden(setting: ServerSetting | undefined): boolean {
  return setting?.source === "command line";
}

function effect(setting: ServerSetting | undefined, file: string, value: string): string {
  if (setting === undefined) return "";
  if (isOverridden(setting)) return ", without effect: the command line of its container has precedence";
  if (setting.pending) return ", and takes effect at its next start";
  if (setting.source !== "configuration file") return "";
  const inForce = setting.file === file && isSameValue(value, setting.value, setting);
  return inForce ? "" : ", and takes effect after a reload";
}

/** What is in force since the start of a server stays so until its next one. */
function afterwards(
  setting: ServerSetting | undefined,
  file: string,
  node: ClusterNode,
  cluster: Cluster,
): string {
  const stays = setting?.context === "postmaster" && setting.file === file && !setting.pending;
  return stays ? `, then ${restart(node, cluster)}` : "";
}

function restart(node: ClusterNode, cluster: Cluster): string {
  return `\`${describeDocker(hostOf(cluster, node), ["restart", shellWord(node.container)])}\``;
}

function declaredOf(node: ClusterNode, name: string): string {
  const value = node.settings[name];
  return value === undefined ? "not declared" : shownValue(value);
}

import { isIP } from "node:net";
import { PUBLISHED_SETTING } from "../../../model/cluster";
import { settingsOfCommand } from "../../../model/contract/server-command";
import { type Attributes, type ResourceChange, forcedBy } from "../../terraform/plan";

/** One thing that a plan changes about a container, in the words of an environment's file where it has some. */
export interface AttributeChange {
  /** `image`, `memory`, a start-up setting's name, `endpoint`, else the provider's attribute. */
  readonly name: string;
  /** Absent where it is not set, or must not be shown. */
  readonly before?: string;
  readonly after?: string;
  /** Whether it is why the container is replaced; the others would be changed in place. */
  readonly forces: boolean;
}

/** Never shown: they hold the superuser's password. */
const SECRET = ["env"];

/** What a replacement computes anew, and what says nothing by itself. */
const CONSEQUENCES = [
  "memory_swap",
  "id",
  "hostname",
  "network_data",
  "exit_code",
  "container_logs",
  "labels",
];

/** What differs between a container as it is and as it would be; nothing that is only known after the apply. */
export function attributeChanges(resource: ResourceChange): AttributeChange[] {
  const { before, after, after_unknown: unknown = {} } = resource.change;
  if (!before || !after) return [];
  const forcing = new Set(forcedBy(resource));
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names]
    .filter((name) => unknown[name] === undefined || unknown[name] === false || forcing.has(name))
    .filter((name) => !CONSEQUENCES.includes(name) || forcing.has(name))
    .filter((name) => !isSame(before[name], after[name]))
    .flatMap((name) => describe(name, before, after, forcing.has(name)));
}

function describe(name: string, before: Attributes, after: Attributes, forces: boolean): AttributeChange[] {
  if (SECRET.includes(name)) return [{ name, forces }];
  if (name === "command") {
    return settingChanges(words(before[name]), words(after[name])).map((change) => ({ ...change, forces }));
  }
  const change = { name, forces, ...text("before", shown(name, before[name])) };
  return [{ ...change, ...text("after", shown(name, after[name])) }];
}

/** Of two command lines: which settings differ. */
function settingChanges(
  before: readonly string[],
  after: readonly string[],
): Omit<AttributeChange, "forces">[] {
  const sides = [settingsOfCommand(before), settingsOfCommand(after)];
  const said = sides.some((side) => side[PUBLISHED_SETTING] !== undefined);
  const [old = {}, wanted = {}] = said ? sides.map(withPublished) : sides;
  return [...new Set([...Object.keys(old), ...Object.keys(wanted)])]
    .filter((name) => settingText(name, old[name]) !== settingText(name, wanted[name]))
    .sort()
    .map((name) => ({
      name: WORDS[name] ?? name,
      ...text("before", settingText(name, old[name])),
      ...text("after", settingText(name, wanted[name])),
    }));
}

/** Settings that carry something else than a setting. */
const WORDS: Readonly<Record<string, string>> = {
  cluster_name: "endpoint",
  [PUBLISHED_SETTING]: "published on",
};

/** A port that is published where its endpoint is, is so without a word; a name is no address that it could be. */
function withPublished(settings: Readonly<Record<string, string>>): Record<string, string> {
  const endpoint = settingText("cluster_name", settings["cluster_name"]) ?? "";
  const host = endpoint.slice(0, endpoint.lastIndexOf(":")).replace(/[[\]]/g, "");
  return isIP(host) === 0 ? settings : { [PUBLISHED_SETTING]: endpoint, ...settings };
}

/** Of `citus server-d/worker1 10.0.0.4:5433` only the endpoint: the rest is the same node, or another resource. */
function settingText(name: string, value: string | undefined): string | undefined {
  return name === "cluster_name" ? (value?.split(" ")[2] ?? value) : value;
}

function shown(name: string, value: unknown): string | undefined {
  if (isUnset(value)) return undefined;
  if (name === "memory") return `${String(value)} MB`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function text(key: "before" | "after", value: string | undefined): Partial<AttributeChange> {
  return value === undefined ? {} : { [key]: value };
}

function words(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function isSame(one: unknown, other: unknown): boolean {
  return isUnset(one) ? isUnset(other) : JSON.stringify(one) === JSON.stringify(other);
}

/** The state has the engine's defaults, and a replacement's configuration nothing. */
function isUnset(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return !value;
}

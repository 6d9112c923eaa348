import type { ServerSetting } from "./read-settings";

/** Of a number with a unit; memory in bytes, time in milliseconds. As PostgreSQL knows them (guc.c). */
const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const TRUE = ["on", "true", "yes", "1", "t", "y"];
const FALSE = ["off", "false", "no", "0", "f", "n"];

type Kind = Pick<ServerSetting, "unit" | "type">;

/**
 * Whether two texts are the same value of a setting: `128MB` and `16384` of 8 kB, `on` and `true`.
 *
 * @param kind undefined for a setting that the server doesn't know
 */
export function isSameValue(one: string, other: string, kind?: Kind): boolean {
  return normal(one, kind) === normal(other, kind);
}

function normal(text: string, kind: Kind | undefined): string {
  const value = text.trim();
  switch (kind?.type) {
    case "bool": {
      const word = value.toLowerCase();
      return TRUE.includes(word) ? "on" : FALSE.includes(word) ? "off" : word;
    }
    case "enum":
      return value.toLowerCase();
    case "integer":
    case "real":
      return String(quantity(value, kind) ?? value);
    case "string":
    case undefined:
      return value;
  }
}

function quantity(value: string, { unit, type }: Kind): number | undefined {
  const [, number = "", own = ""] =
    /^([-+]?(?:0x[\da-f]+|[\d.]+(?:e[-+]?\d+)?))\s*([a-zA-Z]*)$/i.exec(value) ?? [];
  if (number === "") return undefined;
  const amount = Number(number);
  const base = factor(unit ?? "");
  const given = own === "" ? base : UNITS[own];
  if (given === undefined || base === undefined) return undefined;
  const inBase = (amount * given) / base;
  return type === "integer" ? Math.round(inBase) : inBase;
}

/** `8kB`, `16MB`, `s`; of a setting without a unit 1. */
function factor(unit: string): number | undefined {
  const [, count = "", name = ""] = /^(\d*)([a-zA-Z]*)$/.exec(unit) ?? [];
  if (name === "") return 1;
  const each = UNITS[name];
  return each === undefined ? undefined : (count === "" ? 1 : Number(count)) * each;
}

/** A value for a person, without passwords in it: some settings are connection strings. */
export function shownValue(value: string, unit: string | null = null): string {
  const shown = value
    .replace(/(\b(?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.|'')*'|[^\s']+)/gi, "$1***")
    .replace(/(:\/\/[^\s:/@]*:)[^\s@]+@/g, "$1***@");
  if (shown === "") return "empty";
  if (unit === null || !/^-?\d+(\.\d+)?$/.test(shown) || Number(shown) <= 0) return shown;
  return /^\d/.test(unit) ? `${shown} x ${unit}` : `${shown}${unit}`;
}

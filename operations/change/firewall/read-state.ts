import { rulesetOf } from "./ruleset";
import type { ServerFirewall } from "../../../model/firewall";

/** What a server has of our rules. */
export interface FirewallState {
  /** In force: just the declared ones, others of ours, or none. */
  readonly rules: "right" | "other" | "none";
  /** Lines that are in force and not declared, as nft writes them. */
  readonly surplus: readonly string[];
  /** Lines that are declared and not in force. */
  readonly missing: readonly string[];
  /** Whether the declared ones are loaded at each start of the server; `unmanaged` without systemd, where only the file is there. */
  readonly atStart: "right" | "other" | "none" | "unmanaged";
}

/**
 * Reads what `lookScript` printed.
 *
 * @returns undefined where the server has no nft
 */
export function readState(text: string, server: ServerFirewall): FirewallState | undefined {
  const sections = new Map(
    text.split(/^@/m).map((part): [string, string] => {
      const end = part.indexOf("\n");
      return end < 0 ? [part, ""] : [part.slice(0, end), part.slice(end + 1)];
    }),
  );
  if (sections.has("no-nft")) return undefined;
  const [table = "", wanted = "", file = "", start = ""] = ["table", "wanted", "file", "start"].map((name) =>
    sections.get(name),
  );
  const rules = table === "" ? "none" : table === wanted ? "right" : "other";
  return {
    rules,
    surplus: rules === "other" ? without(table, wanted) : [],
    missing: rules === "other" ? without(wanted, table) : [],
    atStart: atStartOf(file, start.trim(), rulesetOf(server)),
  };
}

function atStartOf(file: string, start: string, ruleset: string): FirewallState["atStart"] {
  if (file === "" || start === "disabled") return "none";
  if (file !== ruleset) return "other";
  return start === "enabled" ? "right" : "unmanaged";
}

/** Lines of one listing that the other hasn't. An element of a set counts as a line. */
function without(one: string, other: string): string[] {
  const others = new Set(linesOf(other));
  return linesOf(one).filter((line) => !others.has(line));
}

function linesOf(listing: string): string[] {
  return listing
    .replace(/elements = \{([^}]*)\}/g, (_, elements: string) => elements.replaceAll(",", "\n"))
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

import { firewallNames } from "../../../model/contract/firewall";
import type { ServerFirewall } from "../../../model/firewall";
import { rulesetOf } from "./ruleset";
import { unitAgainOf, unitOf } from "./unit";

/** Ends a text in a script; no line of ours is like it. */
const END = "PG_DIST_END";

/** Where trials are known, until the server starts anew. */
const TRIALS = "/run/pg-dist-firewall";

/** For a person with root on the server: puts the rules in force, now and at each start of the server. Safe to repeat. */
export function installScript(server: ServerFirewall): string {
  return script(server, [
    `# Touches nothing but the table, the file and the units that are named here.`,
    ...REQUIRE_NFT,
    ...writeRules(server, '"$file.new"'),
    `nft -f "$file.new"`,
    ...keep(server),
    `echo "$table: in force"`,
  ]);
}

/**
 * Puts the rules in force for some seconds. If nobody confirms them until then (`keepScript`), those from before come back by
 * themselves; a server that starts anew meanwhile has those of before, too.
 *
 * @param trial a word that names it
 */
export function tryScript(server: ServerFirewall, trial: string, seconds: number): string {
  return script(server, [
    ...REQUIRE_NFT,
    `before=${TRIALS}/$table`,
    `mkdir -p ${TRIALS}`,
    `for other in "$before".*; do`,
    `  [ ! -e "$other" ] || fail "somebody else is at it, or was until a moment ago ($other): run it again in a minute"`,
    `done`,
    `before=$before.${trial}`,
    `{ printf 'table inet %s\\ndelete table inet %s\\n' "$table" "$table"; nft -s list table inet "$table" 2>/dev/null || :; } > "$before"`,
    // Whoever renames it first, this or the confirmation, has decided.
    `revert='sleep "$1"; mv "$2" "$2.reverting" && nft -f "$2.reverting"; rm -f "$2.reverting"'`,
    // A process of a login may be ended with it; one of systemd's isn't.
    `if has_systemd; then systemd-run --quiet --collect sh -c "$revert" sh ${seconds} "$before" </dev/null`,
    `else setsid sh -c "$revert" sh ${seconds} "$before" </dev/null >/dev/null 2>&1 & fi`,
    `nft -f - <<'${END}'`,
    ...rulesetOf(server).trimEnd().split("\n"),
    END,
  ]);
}

/** Keeps what a trial put in force, also for each start of the server. Fails where its time is over. */
export function keepScript(server: ServerFirewall, trial: string): string {
  return script(server, [
    `before=${TRIALS}/$table.${trial}`,
    `mv "$before" "$before.kept" 2>/dev/null || fail "the time to confirm is over, and the rules from before are back"`,
    `rm -f "$before.kept"`,
    ...writeRules(server, '"$file.new"'),
    ...keep(server),
  ]);
}

/** Ends a trial with the rules from before. */
export function revertScript(server: ServerFirewall, trial: string): string {
  return script(server, [
    `before=${TRIALS}/$table.${trial}`,
    `if mv "$before" "$before.reverting" 2>/dev/null; then`,
    `  nft -f "$before.reverting"`,
    `  rm -f "$before.reverting"`,
    `fi`,
  ]);
}

/** Takes the table, the file and the units away. */
export function removeScript(server: ServerFirewall): string {
  return script(server, [
    `! has_systemd || [ ! -e "$units/$unit" ] || systemctl --quiet disable --now "$unit" "$again" || :`,
    `rm -f "$units/$unit" "$units/$again"`,
    `! has_systemd || systemctl daemon-reload`,
    `rm -f "$file" "$file.new"`,
    `rmdir "$folder" 2>/dev/null || :`,
    `if nft list table inet "$table" >/dev/null 2>&1; then nft delete table inet "$table"; fi`,
  ]);
}

/**
 * Prints what is there, in the sections that `readState` reads. What the rules should look like says the same nft that shows
 * those in force, in an empty network namespace: each version writes them in its own way.
 */
export function lookScript(server: ServerFirewall): string {
  return script(server, [
    `command -v nft >/dev/null || { echo "@no-nft"; exit 0; }`,
    `echo "@table"`,
    `nft -s list table inet "$table" 2>/dev/null || :`,
    `echo "@wanted"`,
    `unshare --net sh -c 'nft -f - && nft -s list table inet "$1"' sh "$table" <<'${END}'`,
    ...rulesetOf(server).trimEnd().split("\n"),
    END,
    `echo "@file"`,
    `cat "$file" 2>/dev/null || :`,
    `echo "@start"`,
    `enabled() { systemctl --quiet is-enabled "$1" 2>/dev/null; }`,
    `if ! has_systemd; then echo none; elif enabled "$unit" && enabled "$again"; then echo enabled; else echo disabled; fi`,
  ]);
}

const REQUIRE_NFT = [
  `command -v nft >/dev/null || fail "there is no nft here: install the package nftables"`,
];

/** Read to its end before anything runs, so that a connection that breaks leaves nothing half done. */
function script({ cluster, host }: ServerFirewall, lines: readonly string[]): string {
  const { table, folder, file, unit, again } = firewallNames(cluster);
  return [
    "#!/bin/sh",
    `# pg-dist: firewall of cluster ${cluster} on ${host}; for root.`,
    "main() {",
    "set -eu",
    "umask 022",
    "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin",
    `table=${table} folder=${folder} file=${file}`,
    `units=/etc/systemd/system unit=${unit} again=${again}`,
    `fail() { echo "$table: $1" >&2; exit 1; }`,
    `has_systemd() { [ -d /run/systemd/system ]; }`,
    `[ "$(id -u)" = 0 ] || fail "needs root"`,
    ...lines,
    "}",
    "main",
    "",
  ].join("\n");
}

function writeRules(server: ServerFirewall, to: string): string[] {
  return [`mkdir -p "$folder"`, `cat > ${to} <<'${END}'`, ...rulesetOf(server).trimEnd().split("\n"), END];
}

/** The written rules stay, and are loaded at each start of the server. */
function keep({ cluster }: ServerFirewall): string[] {
  return [
    `mv "$file.new" "$file"`,
    `if has_systemd; then`,
    // Only the path of nft is the shell's to fill in.
    `nft=$(command -v nft)`,
    ...writeText('"$units/$unit"', unitOf(cluster, "$nft")),
    ...writeText('"$units/$again"', unitAgainOf(cluster, "$nft")),
    `systemctl daemon-reload`,
    `systemctl --quiet enable "$unit" "$again"`,
    `systemctl start "$unit"`,
    `else`,
    `  echo "$table: no systemd here: have $file loaded by nft -f at each start, before Docker" >&2`,
    `fi`,
  ];
}

/** Variables in the text are filled in by the shell. */
function writeText(to: string, text: string): string[] {
  return [`cat > ${to} <<${END}`, ...text.trimEnd().split("\n"), END];
}

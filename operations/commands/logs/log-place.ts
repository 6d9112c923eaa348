import type { Cluster, ClusterNode } from "../../../model/cluster";
import type { Engine } from "../../docker/engine/engine";
import { EngineFailure } from "../../docker/engine/engine-failure";
import { exec } from "../../docker/engine/exec";

/**
 * Where a server writes its log: to the container's standard error, which Docker keeps; to files beside its data
 * (logging_collector); or to where neither Docker nor this program can read it (syslog).
 */
export type LogPlace =
  | { readonly kind: "docker" }
  | { readonly kind: "files"; readonly format: string; readonly path: string }
  | { readonly kind: "elsewhere"; readonly destination: string };

/** How long the container may take to answer. In milliseconds. */
const ANSWER_MS = 10_000;

/** PostgreSQL keeps the names of its current log files in this file, a format and a path in each line, and only while it has any. */
const SCRIPT = `cat "$PGDATA/current_logfiles" 2>/dev/null && exit
psql -XAtqh 127.0.0.1 -U "$1" -d "$2" -c "SELECT 'destination ' || current_setting('log_destination')" 2>/dev/null`;

/** Asks the container; one that doesn't run, or doesn't answer, has what Docker has kept. */
export async function findLog(
  docker: Engine,
  { container }: Pick<ClusterNode, "container">,
  { user, database }: Pick<Cluster, "user" | "database">,
): Promise<LogPlace> {
  try {
    const command = ["sh", "-c", SCRIPT, "sh", user, database];
    return readPlace((await exec(docker, container, command, { timeout: ANSWER_MS })).stdout);
  } catch (error) {
    if (error instanceof EngineFailure) return { kind: "docker" };
    throw error;
  }
}

/** Reads what the script printed. */
function readPlace(text: string): LogPlace {
  const lines = text.split("\n").map((line) => /^(\S+) (.+)$/.exec(line));
  const of = (format: string) => lines.find((line) => line?.[1] === format)?.[2];
  for (const format of ["stderr", "csvlog", "jsonlog"]) {
    const path = of(format);
    if (path !== undefined) return { kind: "files", format, path };
  }
  const destination = of("destination");
  return destination === undefined || /\b(stderr|csvlog|jsonlog)\b/.test(destination)
    ? { kind: "docker" }
    : { kind: "elsewhere", destination };
}

/**
 * Prints the current log file of the format `$1`, and with `$2` = follow what is written from then on, also into the file
 * that comes after it, until its standard input ends. Nothing in it outlives it, and none of its children ends by a
 * signal: PostgreSQL, the container's first process, would take one that it inherits for a crash of its own.
 */
export const READ_FILES = `trap '' PIPE HUP INT
exec 3<&0 </dev/null
cd "$PGDATA" || exit 1
current() { sed -n "s/^$1 //p" current_logfiles; }
file=$(current "$1") at=0
show() {
  size=$(wc -c < "$file" 2>/dev/null) || return 0
  [ "$size" -ge "$at" ] || at=0
  [ "$size" -eq "$at" ] || { tail -c +$((at + 1)) "$file" | head -c $((size - at)); } || exit 0
  at=$size
}
show
[ "$2" = follow ] || exit 0
trap 'exit 0' TERM
{ cat <&3 >/dev/null; kill -s TERM $$; } 2>/dev/null &
while :; do
  sleep 1
  now=$(current "$1")
  show
  [ "$now" = "$file" ] || { file=$now at=0; show; }
done`;

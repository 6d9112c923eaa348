import type { ClusterHost } from "../../../model/cluster";
import { runChild } from "../../base/child-process";
import { sshArguments } from "../../docker/ssh";
import type { Disk, SystemInspection } from "./inspection";

/** Paths follow as arguments. `ss` (iproute2) and `ip` are on every Linux with systemd; where not, they say nothing. */
const SCRIPT = `
for path in "$@"; do
  if [ -e "$path" ]; then
    df -Pk "$path" 2>/dev/null | awk -v path="$path" 'NR == 2 { print "disk\\t" path "\\t" $2 "\\t" $4 }'
  else
    printf 'missing\\t%s\\n' "$path"
  fi
done
if command -v ss >/dev/null; then
  echo listeners
  ss -Hltn | awk '{ print "listen\\t" $4 }'
fi
! command -v ip >/dev/null || ip -4 -o route show | awk '{ for (i = 2; i < NF; i++) if ($i == "dev") print "route\\t" $1 "\\t" $(i + 1) }'
exit 0
`;

/**
 * Asks the server itself, beside its Docker engine: disks, listening ports, routes.
 *
 * @param paths whose file systems matter
 * @param options timeout: in milliseconds
 * @returns undefined where it can't be asked: an engine that is reached by tcp has no shell
 */
export async function askSystem(
  host: ClusterHost,
  paths: readonly string[],
  { env, timeout }: { readonly env: NodeJS.ProcessEnv; readonly timeout: number },
): Promise<SystemInspection | undefined> {
  const shell = ["sh", "-c", SCRIPT, "sh", ...paths];
  const [command, ...args] = host.connection.startsWith("ssh://")
    ? ["ssh", ...sshArguments(host, []), shell.map(quote).join(" ")]
    : shell;
  if (host.connection.startsWith("tcp://") || command === undefined) return undefined;
  try {
    const { code, stdout } = await runChild(command, args, { env, timeout });
    return code === 0 ? readSystem(stdout) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads what the script printed. */
export function readSystem(text: string): SystemInspection {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const of = (kind: string) => lines.filter(([name]) => name === kind).map(([, ...fields]) => fields);
  return {
    disks: of("disk").map(([path = "", size, free]): Disk => ({
      path,
      size: Number(size) * 1024,
      free: Number(free) * 1024,
    })),
    missing: of("missing").map(([path = ""]) => path),
    listening: lines.some(([kind]) => kind === "listeners")
      ? of("listen").flatMap(([address = ""]) => {
          const [, host = "", port] = /^(.*):(\d+)$/.exec(address) ?? [];
          return port === undefined ? [] : [{ host: host.replace(/^\[|\]$|%.*$/g, ""), port: Number(port) }];
        })
      : undefined,
    routes: of("route").map(([subnet = "", device = ""]) => ({ subnet, device })),
  };
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

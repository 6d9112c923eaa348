import { runOnce } from "../../../docker/engine/containers";
import type { Engine } from "../../../docker/engine/engine";
import { exec, execFailure } from "../../../docker/engine/exec";
import type { Provided } from "./needs";

/**
 * Lists what there is, one line each: L of the library directory, S of the shared one, P for those of the given paths. An
 * image without pg_config has PostgreSQL where Debian or the source puts it.
 */
const LIST = `L=$(pg_config --pkglibdir 2>/dev/null); S=$(pg_config --sharedir 2>/dev/null)
for d in /usr/lib/postgresql/*/lib /usr/local/lib/postgresql; do [ -d "$L" ] || L=$d; done
for d in /usr/share/postgresql/* /usr/local/share/postgresql; do [ -d "$S" ] || S=$d; done
cd "$L" && find . -name '*.so' | sed 's,^\\./,L ,'
cd "$S" && find extension tsearch_data timezonesets ! -type d | sed 's,^,S ,'
for p; do [ -e "$p" ] && printf 'P %s\\n' "$p"; done
exit 0`;

/** How long a container for a look may take, its start included. In milliseconds. */
const LOOK_MS = 60_000;

/** In a running container. */
export async function providedByContainer(
  docker: Engine,
  container: string,
  paths: readonly string[],
): Promise<Provided> {
  const command = ["sh", "-c", LIST, "sh", ...paths];
  const result = await exec(docker, container, command, { timeout: LOOK_MS });
  if (result.code !== 0) throw execFailure(docker, result);
  return parse(result.stdout);
}

/** In an image, by a container of it that starts no server, without a volume and a network. */
export async function providedByImage(
  docker: Engine,
  image: string,
  paths: readonly string[],
): Promise<Provided> {
  return parse(await runOnce(docker, image, ["sh", "-c", LIST, "sh", ...paths], LOOK_MS));
}

function parse(output: string): Provided {
  const lines = output.split("\n");
  const of = (kind: string) =>
    new Set(lines.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(2)] : [])));
  return { libraries: of("L"), shared: of("S"), paths: of("P") };
}

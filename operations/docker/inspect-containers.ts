import type { DockerHost } from "./docker-host";

/** How long a Docker host may take to answer. In milliseconds. */
const INSPECT_MS = 30_000;

/**
 * What Docker says of those of the containers that exist, by their names.
 *
 * @param format Go template of one line
 * @throws Failure when the Docker host doesn't answer
 */
export async function inspectContainers(
  docker: DockerHost,
  names: readonly string[],
  format: string,
): Promise<Map<string, string>> {
  const args = ["container", "inspect", "--format", `{{.Name}} ${format}`, ...names];
  const result = await docker.try(args, INSPECT_MS);
  // One that is missing makes the exit code 1, and the others are printed all the same.
  if (result.stdout === "" && !/No such container/i.test(result.stderr)) throw docker.failure(args, result);
  return new Map(
    result.stdout.split("\n").flatMap((line): [string, string][] => {
      const [, name, said] = /^\/?(\S+) (.*)$/.exec(line) ?? [];
      return name === undefined || said === undefined ? [] : [[name, said]];
    }),
  );
}

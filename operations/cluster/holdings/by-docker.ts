import type { DockerHost } from "../../docker/docker-host";
import type { Answer } from "../nodes/run-on-nodes";
import { type LookedInto, PSQL_SETTINGS } from "./server";

/** How long one look into a database may take. In milliseconds. */
const LOOK_MS = 90_000;

/** The server in a container, by its own psql: loopback needs no password in the image. */
export function byDocker(
  docker: DockerHost,
  container: string,
  { user, database }: { readonly user: string; readonly database: string },
): LookedInto {
  const askIn = async (name: string, statement: string): Promise<Answer> => {
    const variables = [
      `PGDATABASE=${name}`,
      `PGOPTIONS=${PSQL_SETTINGS}`,
      "PGAPPNAME=pg-dist",
      "PGCONNECT_TIMEOUT=10",
    ];
    const args = [
      "exec",
      "-i",
      ...variables.flatMap((variable) => ["-e", variable]),
      ...[container, "psql", "-X", "-w", "-qAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", user],
    ];
    const { code, stdout, stderr } = await docker.try(args, LOOK_MS, `${statement};\n`);
    return code === 0
      ? { value: stdout.trim() }
      : { error: stderr.replace(/\s+/g, " ").trim() || `exit code ${code}`, connected: true };
  };
  return { ask: (statement) => askIn(database, statement), askIn };
}

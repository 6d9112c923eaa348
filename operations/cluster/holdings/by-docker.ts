import type { Engine } from "../../docker/engine/engine";
import { EngineFailure } from "../../docker/engine/engine-failure";
import { exec } from "../../docker/engine/exec";
import type { Answer } from "../nodes/run-on-nodes";
import { type LookedInto, PSQL_SETTINGS } from "./server";

/** How long one look into a database may take. In milliseconds. */
const LOOK_MS = 90_000;

/** The server in a container, by its own psql: loopback needs no password in the image. */
export function byDocker(
  docker: Engine,
  container: string,
  { user, database }: { readonly user: string; readonly database: string },
): LookedInto {
  const askIn = async (name: string, statement: string): Promise<Answer> => {
    const env = {
      ...{ PGDATABASE: name, PGOPTIONS: PSQL_SETTINGS },
      ...{ PGAPPNAME: "pg-dist", PGCONNECT_TIMEOUT: "10" },
    };
    const psql = ["psql", "-X", "-w", "-qAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", user];
    try {
      const options = { env, input: `${statement};\n`, timeout: LOOK_MS };
      const { code, stdout, stderr } = await exec(docker, container, psql, options);
      return code === 0
        ? { value: stdout.trim() }
        : { error: stderr.replace(/\s+/g, " ").trim() || `exit code ${code ?? "unknown"}`, connected: true };
    } catch (error) {
      if (error instanceof EngineFailure) return { error: error.said, connected: true };
      throw error;
    }
  };
  return { ask: (statement) => askIn(database, statement), askIn };
}

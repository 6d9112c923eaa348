import { spawn } from "node:child_process";

/** How a session of `holdSession` is told from others in pg_stat_activity. */
export const HOLDER = "accounting";

export interface HeldSession {
  /** Ends it, after a last statement. */
  release(sql?: string): Promise<void>;
}

/** A session in a container that runs this and then idles, amid its transaction where it has begun one. */
export async function holdSession(container: string, database: string, sql: string): Promise<HeldSession> {
  const child = spawn("docker", [
    ...["exec", "-i", "-e", `PGAPPNAME=${HOLDER}`, container],
    ...["psql", "-h", "127.0.0.1", "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-qAt"],
  ]);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const there = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  child.stdin.write(`${sql}\n\\echo there\n`);
  await there;
  const release = async (sql = "") => {
    child.stdin.end(sql);
    await ended;
  };
  return { release };
}

import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { RUN_ROOT } from "./state";

/**
 * Runs `work` while no other process on this machine holds the lock of that name. The kernel keeps the lock (flock),
 * so it is free again when its holder dies.
 */
export async function withLock<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  mkdirSync(RUN_ROOT, { recursive: true });
  const holder = spawn("flock", [lockFile(name), "sh", "-c", "echo locked; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(holder, "exit");
  await Promise.race([
    once(holder.stdout, "data"),
    ended.then(() => Promise.reject(new Error(`The lock ${name} could not be taken: flock ended.`))),
  ]);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

/** The file that is locked, for scripts that must hold the same lock. */
export const lockFile = (name: string) => join(RUN_ROOT, `${name}.lock`);

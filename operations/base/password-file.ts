import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, oneLine } from "./failure";

/** Where quickstart keeps the password that it made for an environment, in the project's folder. */
export function passwordFile(folder: string, environment: string): string {
  return join(folder, "state", `${environment}.password`);
}

/**
 * The password in such a file; undefined where there is none.
 *
 * @throws Failure where the file is there and can't be read
 */
export function readPasswordFile(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Failure(`can't read ${file}: ${oneLine(error)}`, "make it readable, or remove it", {
      cause: error,
    });
  }
}

import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { CLUSTER_FILE } from "../../model/contract/cluster-file";

/** SHA-256, in hexadecimal, by path from the stack's folder, with slashes. */
export type StackHash = Readonly<Record<string, string>>;

/** What Terraform takes for configuration and for values of variables, whoever put it there. */
const CONFIGURATION = /\.tf(?:\.json)?$|\.tfvars(?:\.json)?$/;

/** What the configuration's steps run. */
const ASSETS = `assets${sep}`;

/**
 * What a stack does, file by file: the same wherever the same sources are synthesized. Not the lock file, which `init` may
 * complete: a plan has the providers' checksums in it, and Terraform compares them.
 */
export function hashStack(folder: string): StackHash {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter(
      (file) =>
        file.startsWith(ASSETS) || file === CLUSTER_FILE || (!file.includes(sep) && CONFIGURATION.test(file)),
    );
  return Object.fromEntries(
    files.sort().map((file) => [file.replaceAll(sep, "/"), hashFile(join(folder, file))]),
  );
}

/** Of one file's bytes. */
export function hashFile(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** In words, each: which files are not what they were. */
export function compareStacks(reviewed: StackHash, present: StackHash): string[] {
  const files = [...new Set([...Object.keys(reviewed), ...Object.keys(present)])].sort();
  return files.flatMap((file) => {
    if (reviewed[file] === present[file]) return [];
    if (reviewed[file] === undefined) return [`${file} of the stack did not exist at the review`];
    if (present[file] === undefined) return [`${file} of the stack, which was reviewed, no longer exists`];
    return [`${file} of the stack is not the one that was reviewed`];
  });
}

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ProcessIdentity } from "../testbed/state";
import { stateFile } from "./context";

/** What quickstart must know at its next run: state/quickstart.json. */
export interface QuickstartRecord {
  /** Port of the coordinator on loopback. */
  readonly port?: number;
  /** Tag of the nodes' image. */
  readonly image?: string;
  /** Whether that image stands in for Citus. */
  readonly standIn?: boolean;
  /** PGDIST_PARTS of the run that made the cluster. */
  readonly parts?: string;
  /** Tag of the stand-in image, if it wasn't there before. */
  readonly imageMade?: string;
  /** The Docker engine, if quickstart started it. */
  readonly engine?: StartedEngine;
}

export interface StartedEngine {
  readonly process: ProcessIdentity;
  readonly by: "quickstart" | "systemd";
}

const FILE = "quickstart.json";

export function readRecord(root: string): QuickstartRecord {
  try {
    return JSON.parse(readFileSync(stateFile(root, FILE), "utf8")) as QuickstartRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

/** Adds to the record at once: a run that is killed later must not forget it. */
export function record(root: string, changes: QuickstartRecord): QuickstartRecord {
  const file = stateFile(root, FILE);
  const changed = { ...readRecord(root), ...changes };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(changed, null, 2)}\n`);
  return changed;
}

export function forgetRecord(root: string): void {
  rmSync(stateFile(root, FILE), { force: true });
}

import { type ClusterNode, sharedSettings } from "../cluster";
import { cpusText, isStableCpus } from "../cpus";
import type { Environment, NodeOptions } from "../environment";
import type { Report } from "./problem";

/** PostgreSQL's 128 MB of shared buffers, Citus' connections and its background workers start in this, in MB. */
const LEAST_MEMORY = 256;

/** The limits of all nodes that have none of their own. */
export function checkSharedLimits(environment: Environment, report: Report): void {
  const { memory, cpus } = environment;
  checkMemory(memory, "memory", report);
  checkBuffers(memory, sharedSettings(environment).shared_buffers, "memory", report);
  checkCpus(cpus, "cpus", report);
}

/** What a node has of its own; what all share is reported once, at the environment. */
export function checkLimits(node: ClusterNode, own: NodeOptions, at: string, report: Report): void {
  checkMemory(own.memory, `${at}.memory`, report);
  if (own.memory !== undefined || own.settings?.shared_buffers !== undefined) {
    checkBuffers(node.memory, node.settings.shared_buffers, `${at}.memory`, report);
  }
  checkCpus(own.cpus, `${at}.cpus`, report);
}

function checkMemory(memory: number | undefined, field: string, report: Report): void {
  if (memory === undefined || (Number.isInteger(memory) && memory >= LEAST_MEMORY)) return;
  report(field, `${memory} MB is too small to start: use ${LEAST_MEMORY} MB or more, as a whole number`);
}

function checkBuffers(
  memory: number | undefined,
  setting: string | undefined,
  field: string,
  report: Report,
): void {
  const buffers = megabytes(setting);
  if (memory === undefined || !(memory >= LEAST_MEMORY)) return;
  if (setting === undefined || buffers === undefined) return;
  if (buffers > memory * 0.75) {
    report(
      field,
      `${memory} MB is too small for shared_buffers=${setting}, which may take at most three quarters of it`,
    );
  }
}

function checkCpus(cpus: number | undefined, field: string, report: Report): void {
  if (cpus === undefined) return;
  if (!(cpus > 0 && cpus <= 1024)) {
    report(field, `${cpus} must be a number of CPUs above 0, e.g. 1.5`);
  } else if (!isStableCpus(cpus)) {
    const kept = Number(cpusText(cpus));
    report(
      field,
      `${cpus} is read back as ${kept}, so every plan would replace the container: write ${kept === 0 ? "0.1 or more" : kept}`,
    );
  }
}

/** A memory setting in MB; PostgreSQL's unit for a bare number of shared_buffers is a block of 8 kB. */
function megabytes(value: string | undefined): number | undefined {
  const [, number, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)?\s*$/.exec(value ?? "") ?? [];
  const factors: Record<string, number> = {
    "": 1 / 128,
    B: 2 ** -20,
    kB: 2 ** -10,
    MB: 1,
    GB: 2 ** 10,
    TB: 2 ** 20,
  };
  return number === undefined ? undefined : Number(number) * (factors[unit] ?? NaN);
}

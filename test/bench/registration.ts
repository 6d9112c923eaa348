import { CitusContainers } from "../fixtures/citus-on-docker";
import type { Parts } from "../../testbed/parts";
import { seconds } from "./measure";
import { canRunOnCitus } from "./on-citus";

const SIZES = [10, 20, 40];
/** So many start, and join, at once. */
const AT_ONCE = 5;

/** Forty servers on one machine: each would ask all others for their locks every two seconds. */
const SMALL = [
  ...["shared_buffers=16MB", "max_connections=60", "max_worker_processes=8", "fsync=off"],
  "citus.distributed_deadlock_detection_factor=-1",
];

/**
 * One worker joins clusters of more and more nodes: how long it takes, how many new connections are checked for it (which
 * must grow with the nodes, not with their square), and the one matrix of all pairs at the end.
 */
export async function benchRegistration(parts: Parts): Promise<void> {
  if (!canRunOnCitus(parts)) return;
  const citus = new CitusContainers();
  try {
    await citus.create();
    const names: string[] = [];
    const add = async (count: number) => {
      const fresh = Array.from({ length: count }, (_, index) => `w${names.length + index + 1}`);
      await Promise.all(fresh.map((name) => start(citus, name)));
      names.push(...fresh);
    };
    await start(citus, "coordinator");
    for (const size of SIZES) {
      // Few at once, as all of them open their connections at the same time, here on the same cores.
      while (names.length < size - 1) {
        const before = names.length;
        await add(Math.min(AT_ONCE, size - 1 - before));
        const few = await register(citus, names);
        console.log(`  ${names.length - before} workers join ${before}: ${describe(few)}`);
      }
      await add(1);
      const one = await register(citus, names);
      console.log(
        `  1 worker joins ${size - 1}: ${describe(one)}; ${(one.checked / (size + 1)).toFixed(1)} connections per node`,
      );
      const none = await register(citus, names);
      console.log(`  nothing changed, ${size} workers: ${describe(none)}`);
    }
  } finally {
    await citus.destroy();
  }
}

interface Registered {
  readonly seconds: number;
  /** Connections to and from the new nodes. */
  readonly checked: number;
  /** Of the matrix at the end. */
  readonly matrix: number;
}

async function register(citus: CitusContainers, names: readonly string[]): Promise<Registered> {
  const cluster = await citus.cluster(names);
  let output = "";
  const time = await seconds(async () => {
    const outcome = await citus.register(cluster);
    output = outcome.output;
    if (outcome.code !== 0) throw new Error(`The registration failed:\n${output}`);
  });
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  return {
    seconds: time,
    checked: number(/ of (\d+) connections to and from new addresses work/),
    matrix: number(/ of (\d+) pairs healthy/),
  };
}

function describe({ seconds: time, checked, matrix }: Registered): string {
  return `${time.toFixed(1)} s, ${checked} new connections checked, then the matrix of ${matrix} pairs`;
}

function start(citus: CitusContainers, name: string): Promise<void> {
  return citus.start(name, {
    settings: [...SMALL, `cluster_name=${citus.prefix} local/${name} ${citus.container(name)}:5432`],
  });
}

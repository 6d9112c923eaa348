import { setTimeout as sleep } from "node:timers/promises";
import { formatEndpoint } from "../../model/cluster";
import { ShardMover } from "../../operations/change/drain/move";
import { readInventory } from "../../operations/change/drain/shards";
import { readRecord } from "../../operations/cluster/nodes/recorded";
import { COORDINATOR_GROUP, readRegistered } from "../../operations/cluster/nodes/registered";
import type { Session } from "../../operations/cluster/connection/session";
import type { FaultCluster } from "./cluster";

/** How long what Citus cleans up by itself, or with our help, may take. In milliseconds. */
const PATIENCE_MS = 40_000;

/** What must hold after every fault, once the next apply has ended well. */
export async function findViolations(cluster: FaultCluster): Promise<string[]> {
  const session = await cluster.session();
  try {
    await session.query("SET search_path = public");
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const violations = [
        ...(await rowViolations(session, cluster)),
        ...(await excluded(session, cluster)),
        ...(await leftovers(session)),
        ...(await cluster.inhabitants.findViolations(session, cluster.clients)),
      ];
      if (violations.length === 0 || performance.now() > deadline) return violations;
      await sleep(1000);
    }
  } finally {
    await session.end();
  }
}

/** Every acknowledged row is there once, and none that nobody wrote; the same of its line and event. */
export async function rowViolations(session: Session, { writers }: FaultCluster): Promise<string[]> {
  // A coordinator that was killed between the two phases has promised rows that it makes visible within a minute.
  await session.query("SELECT recover_prepared_transactions()");
  const written = writers();
  const items = [...written.items];
  const events = [...written.events];
  const item = await idsOf(session, "SELECT id FROM item");
  const line = await idsOf(session, "SELECT item AS id FROM line");
  const event = await idsOf(session, "SELECT id FROM event");
  const lines = items.filter((id) => !written.wroteBoth(id));
  return [
    ...compare("item", item, items, (id) => written.wasTried(id)),
    ...compare("line", line, lines, (id) => written.wasTried(id)),
    ...compare("event", event, events, (id) => written.wasTried(id)),
  ];
}

async function idsOf(session: Session, sql: string): Promise<number[]> {
  const rows = await session.query<{ id: string }>(sql);
  return rows.map(({ id }) => Number(id));
}

/** @param wasTried whether a row that wasn't acknowledged may be there */
export function compare(
  table: string,
  present: readonly number[],
  acknowledged: readonly number[],
  wasTried: (id: number) => boolean,
): string[] {
  const there = new Set(present);
  const lost = acknowledged.filter((id) => !there.has(id));
  const strange = present.filter((id) => !wasTried(id));
  return [
    ...(lost.length === 0 ? [] : [`${table}: ${lost.length} acknowledged rows are lost: ${some(lost)}`]),
    ...(there.size === present.length
      ? []
      : [`${table}: ${present.length - there.size} rows are there twice`]),
    ...(strange.length === 0 ? [] : [`${table}: ${strange.length} rows that nobody wrote: ${some(strange)}`]),
  ];
}

const some = (ids: readonly number[]) => ids.slice(0, 10).join(", ");

/** All nodes of the environment, and no others, are registered, recorded, active, and may hold shards. */
async function excluded(session: Session, { topology }: FaultCluster): Promise<string[]> {
  const violations: string[] = [];
  const record = await readRecord(session);
  const workers = (await readRegistered(session)).filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
  for (const { endpoint, isactive, shouldhaveshards } of workers) {
    const at = `${endpoint.host}:${endpoint.port}`;
    if (!isactive) violations.push(`${at} is not active`);
    if (!shouldhaveshards) violations.push(`${at} stays excluded: shouldhaveshards is false`);
  }
  for (const { id, leaving } of record.values()) {
    if (leaving !== null) violations.push(`${id} stays marked as leaving`);
  }
  const wanted = Object.entries(topology.workers).map(
    ([id, { port }]) => `${id} ${id.split("/")[0]}.example.com:${port}`,
  );
  const found = [...record.values()]
    .filter(({ groupid }) => groupid !== COORDINATOR_GROUP)
    .filter(({ nodeid }) => workers.some((worker) => worker.nodeid === nodeid))
    .map(({ id, host, port }) => `${id} ${host}:${port}`);
  if (found.sort().join() !== wanted.sort().join() || workers.length !== wanted.length)
    violations.push(`nodes are ${found.join(", ")} (${workers.length} registered), not ${wanted.join(", ")}`);
  return violations;
}

interface OnNode {
  readonly relations: string[];
  readonly remains: string[];
  readonly countries: string;
}

/** What moves and two-phase commits leave on a node; shards with their full names. */
const ON_NODE = `SELECT json_build_object(
  'relations', (SELECT coalesce(json_agg(n.nspname || '.' || c.relname), '[]')
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND c.relname ~ '_[0-9]{6,}$'),
  'remains', (SELECT coalesce(json_agg(name), '[]') FROM (
     SELECT 'slot ' || slot_name AS name FROM pg_replication_slots WHERE slot_name LIKE 'citus%'
     UNION ALL SELECT 'subscription ' || subname FROM pg_subscription WHERE subname LIKE 'citus%'
     UNION ALL SELECT 'publication ' || pubname FROM pg_publication WHERE pubname LIKE 'citus%'
     UNION ALL SELECT 'prepared transaction ' || gid FROM pg_prepared_xacts
       WHERE gid LIKE 'citus%' AND prepared < now() - interval '10 seconds') AS x),
  'countries', (SELECT count(*) FROM country))::text`;

/** Nothing of an unfinished move is anywhere, and every shard is exactly where it is said to be. */
async function leftovers(session: Session): Promise<string[]> {
  await session.query("CALL citus_cleanup_orphaned_resources()");
  const cleanup = await session.query<{ object_name: string; node_group_id: number }>(
    "SELECT object_name, node_group_id FROM pg_dist_cleanup",
  );
  const violations = cleanup.map(
    ({ object_name, node_group_id }) => `orphaned: ${object_name} on group ${node_group_id}`,
  );
  const placed = await session.query<{ nodeid: number; name: string }>(
    `SELECT n.nodeid, s.nspname || '.' || c.relname || '_' || d.shardid AS name FROM pg_dist_shard d
       JOIN pg_dist_placement p USING (shardid) JOIN pg_dist_node n USING (groupid)
       JOIN pg_class c ON c.oid = d.logicalrelid JOIN pg_namespace s ON s.oid = c.relnamespace`,
  );
  const answers = await session.query<{ nodeid: number; success: boolean; result: string }>(
    "SELECT nodeid, success, result FROM run_command_on_all_nodes($1)",
    [ON_NODE],
  );
  for (const { nodeid, success, result } of answers) {
    if (!success) {
      violations.push(`node ${nodeid} can't be asked: ${result}`);
      continue;
    }
    const { relations, remains, countries } = JSON.parse(result) as OnNode;
    const wanted = placed.filter((each) => each.nodeid === nodeid).map(({ name }) => name);
    violations.push(
      ...wanted
        .filter((name) => !relations.includes(name))
        .map((name) => `${name} is missing on node ${nodeid}`),
      ...relations
        .filter((name) => !wanted.includes(name))
        .map((name) => `orphaned: ${name} on node ${nodeid}`),
      ...remains.map((what) => `left on node ${nodeid}: ${what}`),
    );
    if (Number(countries) !== 3) violations.push(`reference table on node ${nodeid}: ${countries} of 3 rows`);
  }
  return violations;
}

/** Moves shard groups from the fullest to the emptiest worker: that shards can be moved, and new workers get some. */
export async function moveSome(cluster: FaultCluster, most: number): Promise<number> {
  const session = await cluster.session();
  const signal = new AbortController().signal;
  let moved = 0;
  try {
    const mover = await ShardMover.start(session, {
      ...{ mode: "auto", progress: () => undefined, signal, environment: "faults", blockedTimeout: 60 },
    });
    try {
      for (; moved < most; moved++) {
        const inventory = await readInventory(session);
        const members = (await readRegistered(session)).map((node) => ({
          ...node,
          label: formatEndpoint(node.endpoint),
        }));
        const load = members
          .filter(({ groupid }) => groupid !== COORDINATOR_GROUP)
          .map(({ nodeid }) => ({ nodeid, groups: inventory.on(nodeid) }))
          .sort((a, b) => a.groups.length - b.groups.length);
        const [receiver, source] = [load[0], load.at(-1)];
        const placement = source?.groups[0];
        if (receiver === undefined || placement === undefined || placement.source === receiver.nodeid) break;
        if ((source?.groups.length ?? 0) - receiver.groups.length < 2 && moved > 0) break;
        await mover.move({ ...placement, target: receiver.nodeid }, members);
      }
    } finally {
      await mover.end();
    }
    return moved;
  } finally {
    await session.end();
  }
}

import type { Fingerprint, NodeFingerprint } from "./fingerprint";

/**
 * What has become of a cluster since its fingerprint was taken: in words, each. Tables that were made or dropped since are
 * none of it, as a job makes partitions every night; of a table that was there both times it counts where its shards are.
 */
export function compareFingerprints(reviewed: Fingerprint, present: Fingerprint): string[] {
  const ids = (of: Fingerprint) => new Map(of.nodes.map((node) => [node.id, node]));
  const [then, now] = [ids(reviewed), ids(present)];
  return [
    ...(reviewed.server === present.server
      ? []
      : [
          `the coordinator has become another server since (server id ${present.server}, was ${reviewed.server})`,
        ]),
    ...reviewed.nodes.flatMap((node) => {
      const same = now.get(node.id);
      return same === undefined
        ? [`${node.id} has been removed from the cluster since`]
        : compareNodes(node, same);
    }),
    ...present.nodes.flatMap(({ id, nodeid, endpoint }) =>
      then.has(id) ? [] : [`${id} has joined since (node ${nodeid} at ${endpoint})`],
    ),
    ...findMoves(reviewed, present),
  ];
}

function compareNodes(then: NodeFingerprint, now: NodeFingerprint): string[] {
  const { id } = then;
  const differences: string[] = [];
  if (then.nodeid !== now.nodeid)
    differences.push(`${id} has been removed and added again since (node ${now.nodeid}, was ${then.nodeid})`);
  if (then.server !== null && now.server !== null && then.server !== now.server)
    differences.push(
      `${id} has become another server since (server id ${now.server}, was ${then.server}): its data directory or its extension was recreated`,
    );
  if (then.endpoint !== now.endpoint)
    differences.push(`${id} is registered at ${now.endpoint}, and was at ${then.endpoint} then`);
  if (then.isactive !== now.isactive)
    differences.push(
      now.isactive
        ? `${id} was disabled then, and is active now`
        : `${id} was active then, and is disabled now (isactive is false in pg_dist_node)`,
    );
  if (then.shouldhaveshards !== now.shouldhaveshards)
    differences.push(
      now.shouldhaveshards
        ? `${id} takes shards now, and took none then`
        : `${id} took shards then, and takes none now (drained, or set by hand)`,
    );
  if (then.silent === null && now.silent !== null)
    differences.push(`${id} answered then, and doesn't now: ${now.silent}`);
  if (then.silent !== null && now.silent === null)
    differences.push(`${id} answers now, and didn't then (${then.silent})`);
  return differences;
}

interface Move {
  /** Nodes that had the shards and don't have them any more, and the other way round. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly shards: { readonly table: string; readonly id: string }[];
}

/** Shards that are elsewhere, those of the same way in one sentence. */
function findMoves(reviewed: Fingerprint, present: Fingerprint): string[] {
  const [then, now] = [placesOf(reviewed), placesOf(present)];
  const moves = new Map<string, Move>();
  for (const [id, { table, nodes }] of now) {
    const before = then.get(id)?.nodes;
    if (before === undefined) continue;
    const from = before.filter((node) => !nodes.includes(node));
    const to = nodes.filter((node) => !before.includes(node));
    if (from.length + to.length === 0) continue;
    const key = JSON.stringify([from, to]);
    const move = moves.get(key) ?? { from, to, shards: [] };
    move.shards.push({ table, id });
    moves.set(key, move);
  }
  return [...moves.values()].map(sentence);
}

function placesOf({ nodes }: Fingerprint): Map<string, { table: string; nodes: string[] }> {
  const places = new Map<string, { table: string; nodes: string[] }>();
  for (const node of nodes) {
    for (const [table, shards] of Object.entries(node.shards)) {
      for (const id of shards) {
        const place = places.get(id) ?? { table, nodes: [] };
        place.nodes.push(node.id);
        places.set(id, place);
      }
    }
  }
  return places;
}

/** Names in a sentence; whoever needs all of them asks `pg-dist shards`. */
const MOST_NAMES = 4;

function sentence({ from, to, shards }: Move): string {
  const one = shards.length === 1;
  const tables = list([...new Set(shards.map(({ table }) => table))]);
  const ids = list(shards.map(({ id }) => id));
  const what = `${one ? "shard" : `${shards.length} shards`} of ${tables} (${ids})`;
  if (from.length === 0) return `${list(to)}: ${what} ${one ? "has" : "have"} been copied there since`;
  if (to.length === 0) return `${list(from)}: ${what} ${one ? "is" : "are"} no longer there`;
  return `${list(from)}: ${what} ${one ? "has" : "have"} been moved to ${list(to)} since`;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

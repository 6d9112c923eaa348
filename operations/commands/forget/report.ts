import { formatEndpoint } from "../../../model/cluster";
import { formatBytes } from "../../base/bytes";
import { formatTable } from "../../change/registration/node-table";
import type { Losses } from "../../change/forget/losses";

/** What is lost and what will be done, for a person. */
export function reportLosses(losses: Losses, addresses: readonly string[]): string[] {
  const { hosts, nodes, lost, tables } = losses;
  const lines = [
    nodes.length === 0
      ? `${hosts.join(", ")}: no registered worker`
      : `${hosts.join(", ")}: ${nodes.map(({ id, endpoint }) => `${id} (${formatEndpoint(endpoint)})`).join(", ")}`,
  ];
  if (lost.length === 0) lines.push("No shard is lost: whatever was there has a copy elsewhere.");
  else {
    lines.push(
      "",
      "Lost with them, as no other node has a copy:",
      ...formatTable(
        ["table", "shards lost", "of", "about"],
        tables.map(({ table, lost: count, shards, bytes }) => [
          table,
          String(count),
          String(shards),
          bytes === undefined ? "unknown" : formatBytes(bytes),
        ]),
      ).map((line) => `  ${line}`),
      "The number of rows cannot be determined; the bytes are those of the shards that are left, on average.",
      "Foreign keys from other tables to rows that were there are not checked again.",
      "",
      `These ${lost.length} shards are recreated, EMPTY, on the nodes that stay, so that the tables work.`,
    );
  }
  lines.push(
    `To be removed from Terraform's state: ${addresses.length === 0 ? "nothing" : addresses.join(", ")}`,
  );
  return lines;
}

export function describeLosses(
  environment: string,
  { hosts, nodes, tables }: Losses,
  addresses: readonly string[],
  outcome: "planned" | "done",
): object {
  return {
    environment,
    hosts,
    outcome,
    nodes: nodes.map(({ id, nodeid, endpoint }) => ({
      id,
      nodeId: nodeid,
      endpoint: formatEndpoint(endpoint),
    })),
    tables: tables.map(({ table, lost, shards, bytes }) => ({
      ...{ table, lostShards: lost, shards },
      estimatedBytes: bytes ?? null,
    })),
    state: addresses,
  };
}

import { formatBytes } from "../../base/bytes";

/** Of shards that move. */
export interface Amount {
  readonly shards: number;
  readonly bytes: number;
}

/** `12 shards with 98.4 MB` */
export function formatAmount({ shards, bytes }: Amount): string {
  return `${shards} shard${shards === 1 ? "" : "s"} with ${formatBytes(bytes)}`;
}

import { formatBytes } from "../base/bytes";

/** The size of shards of which some can't be read: what is not known is not nothing. */
export function formatPartialSize(bytes: number, unreadable: number, of: number): string {
  if (unreadable === 0) return formatBytes(bytes);
  return unreadable === of ? "unknown" : `≥ ${formatBytes(bytes)}`;
}

/** Of a unit, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/**
 * Reads a time as `docker logs --since` takes it: a duration before now (`1h30m`), a time, this machine's where it names no
 * zone, or seconds since 1970.
 *
 * @param now in milliseconds since 1970
 * @returns in seconds since 1970; undefined for what is none of these
 */
export function readSince(text: string, now: number): number | undefined {
  if (/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
    const duration = parts.reduce(
      (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ""] ?? 0),
      0,
    );
    return (now - duration) / 1000;
  }
  if (/^\d{9,}(\.\d+)?$/.test(text)) return Number(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return undefined;
  // A day alone would be taken for one of UTC.
  const time = Date.parse(text.length === "2026-05-01".length ? `${text}T00:00:00` : text);
  return Number.isNaN(time) ? undefined : time / 1000;
}

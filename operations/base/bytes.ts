const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** As PostgreSQL's pg_size_pretty does, in powers of 1024, with three digits: `98.4 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${UNITS[unit] ?? ""}`;
}

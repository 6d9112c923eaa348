const UNITS: readonly [string, number][] = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
];

/** In the largest two units at most: `3 d 4 h`, `12 min`, `8 s`. */
export function formatDuration(seconds: number): string {
  const index = UNITS.findIndex(([, size]) => seconds >= size);
  const [unit, size] = UNITS[index] ?? ["s", 1];
  if (index === -1) return `${Math.floor(seconds)} s`;
  const whole = Math.floor(seconds / size);
  const [next, nextSize] = UNITS[index + 1] ?? ["s", 1];
  const rest = Math.floor((seconds - whole * size) / nextSize);
  // Minutes and seconds are together only below ten minutes.
  return rest === 0 || (unit === "min" && whole >= 10)
    ? `${whole} ${unit}`
    : `${whole} ${unit} ${rest} ${next}`;
}

/**
 * A CPU limit as provider 4.5 reads it back from Docker (nanoInt64ToDecimalString in its helpers.go): "2.0", "10.", "1.5".
 * Any other spelling of the same limit would replace the container at every apply.
 */
export function cpusText(cpus: number): string {
  const text = cpus.toFixed(9);
  const zeros = text.replace(/[^0]/g, "").length;
  return zeros === 9 ? cpus.toFixed(1) : text.replace(/0+$/, "");
}

/** Whether the provider reads back the limit that was set; it rounds some, 0.05 to 0.1. */
export function isStableCpus(cpus: number): boolean {
  return Number(cpusText(cpus)) === cpus;
}

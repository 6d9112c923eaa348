/** Of Citus' library or extension: `13.0-1` and `13.0.3` both are 13.0, which is what Citus compares. */
export function citusRelease(version: string): string {
  return version.split(/[.-]/).slice(0, 2).join(".");
}

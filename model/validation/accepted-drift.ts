import { DRIFT_CODES } from "../drift-code";
import type { AcceptedDrift, Environment } from "../environment";
import { describeKnown } from "./known-names";
import type { Report } from "./problem";

const ACCEPTABLE: readonly string[] = DRIFT_CODES.filter((code) => code !== "unknown");

/** Where a difference is can't be checked: it may be at a node that somebody else registered. */
export function checkAcceptedDrift({ acceptedDrift = [] }: Environment, report: Report): void {
  const seen = new Set<string>();
  for (const [index, entry] of acceptedDrift.entries()) {
    const at = `acceptedDrift.${index}`;
    checkCode(entry.code, `${at}.code`, report);
    for (const name of ["where", "subject", "found"] as const) {
      if (entry[name]?.trim() === "") report(`${at}.${name}`, "is empty: leave it out, or name one");
    }
    if (entry.reason.trim() === "") report(`${at}.reason`, "is empty: state why the difference is intended");
    const key = keyOf(entry);
    if (seen.has(key)) report(at, "repeats an earlier entry: remove one of the two");
    seen.add(key);
  }
}

function checkCode(code: string, field: string, report: Report): void {
  if (code === "unknown") {
    report(
      field,
      `"unknown" can't be accepted: it stands for what could not be checked; fix what prevents that check`,
    );
  } else if (!ACCEPTABLE.includes(code)) {
    report(field, `"${code}" is not a drift code: ${describeKnown(code, ACCEPTABLE)}`);
  }
}

function keyOf({ code, where, subject, found }: AcceptedDrift): string {
  return JSON.stringify([code, where ?? null, subject ?? null, found ?? null]);
}

import type { AcceptedDrift } from "../../../model/environment";
import type { Drift } from "./drift";
import type { Found } from "./find-drift";

/** A difference that the environment accepts. */
export interface Accepted {
  readonly drift: Drift;
  /** Why, by each entry that accepts a part of where it is. */
  readonly reasons: readonly string[];
}

/** What was found, in the light of what the environment accepts. */
export interface Judged {
  /** What nobody accepts. */
  readonly drifts: readonly Drift[];
  readonly accepted: readonly Accepted[];
  /** Entries for which there is no difference any more; none where not everything could be looked at. */
  readonly stale: readonly AcceptedDrift[];
}

/** A difference at several places is accepted where each of them is. */
export function judge({ drifts: found, whole }: Found, entries: readonly AcceptedDrift[]): Judged {
  const used = new Set<AcceptedDrift>();
  const drifts: Drift[] = [];
  const accepted: Accepted[] = [];
  for (const drift of found) {
    const fitting = entries.filter((entry) => isOf(entry, drift));
    fitting.forEach((entry) => used.add(entry));
    const by = acceptedBy(drift, fitting);
    if (by.length === 0) drifts.push(drift);
    else accepted.push({ drift, reasons: [...new Set(by.map(({ reason }) => reason))] });
  }
  const isGone = (entry: AcceptedDrift) =>
    !used.has(entry) && !found.some((drift) => isToldOtherwise(entry, drift));
  return { drifts, accepted, stale: whole ? entries.filter(isGone) : [] };
}

/** Of what differs in a setting one thing is told, by one code: behind an ALTER SYSTEM its server may run with another value, too. */
function isToldOtherwise({ code, subject }: AcceptedDrift, drift: Drift): boolean {
  return subject !== undefined && subject === drift.subject && code !== drift.code;
}

/** Whether an entry is of this difference, at one of its places at least. */
function isOf({ code, where, subject, found }: AcceptedDrift, drift: Drift): boolean {
  if (code !== drift.code) return false;
  if (found !== undefined && found !== drift.found) return false;
  if (subject !== undefined && subject !== drift.subject) return false;
  return where === undefined || drift.where.includes(where);
}

/** The entries that accept it, or none where a place is left over. */
function acceptedBy({ where }: Drift, entries: readonly AcceptedDrift[]): AcceptedDrift[] {
  const everywhere = entries.find((entry) => entry.where === undefined);
  if (everywhere !== undefined) return [everywhere];
  const found = where.map((place) => entries.find((entry) => entry.where === place));
  const by = found.filter((entry) => entry !== undefined);
  return by.length === where.length ? by : [];
}

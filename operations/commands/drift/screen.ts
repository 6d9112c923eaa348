import type { Cluster } from "../../../model/cluster";
import type { AcceptedDrift } from "../../../model/environment";
import { render } from "../../base/remedy";
import type { Colour, Paint } from "../../cli/output";
import type { Accepted, Judged } from "../../observe/drift/accepted";
import type { Drift } from "../../observe/drift/drift";

const COLOURS: Readonly<Record<Drift["severity"], Colour>> = {
  broken: "red",
  warning: "yellow",
  advice: "cyan",
};

const INDENT = " ".repeat(9);

/** One line for all, each difference (what it is, both sides, what mends it), then what is accepted in a line each. */
export function driftScreen(
  { drifts, accepted, stale }: Judged,
  { environment, name, nodes }: Pick<Cluster, "environment" | "name" | "nodes">,
  paint: Paint,
): string[] {
  const count = `${drifts.length} difference${drifts.length === 1 ? "" : "s"}`;
  const found = drifts.length === 0 ? paint("green", "no drift") : paint("red", count);
  const more = accepted.length === 0 ? "" : `, ${accepted.length} accepted`;
  const ids = nodes.map(({ id }) => id);
  const shorter = (drift: Drift) => ({ ...drift, where: shownPlaces(drift, ids) });
  const blocks = [
    drifts.flatMap((drift) => lines(shorter(drift), paint)),
    accepted.map(({ drift, reasons }) => acceptedLine({ drift: shorter(drift), reasons }, paint)),
    stale.map((entry) => staleLine(entry, environment, paint)),
  ];
  const shown = blocks.filter((block) => block.length > 0).flatMap((block) => ["", ...block]);
  return [`${paint("bold", environment)}  cluster ${name}: ${found}${more}`, ...shown];
}

/** What all nodes have needs no list of them. */
function shownPlaces({ where }: Drift, ids: readonly string[]): readonly string[] {
  return ids.length > 1 && ids.every((id) => where.includes(id)) ? [] : where;
}

function lines(drift: Drift, paint: Paint): string[] {
  const { severity, declared, found, remedy } = drift;
  return [
    `${paint(COLOURS[severity], severity.padEnd(7))}  ${sentence(drift, paint)}`,
    ...(declared === undefined && found === undefined
      ? []
      : [`${INDENT}declared: ${declared ?? "nothing"}; found: ${found ?? "nothing"}`]),
    `${INDENT}${paint("dim", "→")} ${render(remedy, "person")}`,
  ];
}

function sentence({ code, subject, where, what }: Drift, paint: Paint): string {
  const place = where.length === 0 ? "" : `${where.map((each) => paint("bold", each)).join(", ")}: `;
  return `${place}${what} ${paint("dim", `(${named(code, subject)})`)}`;
}

/** As an entry of `acceptedDrift` has to name it. */
function named(code: string, subject: string | undefined): string {
  return subject === undefined ? code : `${code}: ${subject}`;
}

function acceptedLine({ drift, reasons }: Accepted, paint: Paint): string {
  const value = drift.found === undefined ? "" : `, found: ${drift.found}`;
  return `${paint("dim", "accepted")} ${sentence(drift, paint)}${value}; reason: ${reasons.join("; ")}`;
}

function staleLine(
  { code, subject, where, found, reason }: AcceptedDrift,
  environment: string,
  paint: Paint,
): string {
  const place = where === undefined ? "" : ` at ${where}`;
  const value = found === undefined ? "" : ` with ${found}`;
  return `${paint("yellow", "stale".padEnd(8))} ${named(code, subject)}${place}${value} is accepted (${reason}), but no longer found: remove it from acceptedDrift in environments/${environment}.ts`;
}

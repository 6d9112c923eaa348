import type { Cluster } from "../../../model/cluster";
import { render } from "../../base/remedy";
import type { Colour, Paint } from "../../cli/output";
import type { Drift } from "../../observe/drift/drift";

const COLOURS: Readonly<Record<Drift["severity"], Colour>> = {
  broken: "red",
  warning: "yellow",
  advice: "cyan",
};

const INDENT = " ".repeat(9);

/** One line for all, then each difference: what it is, both sides, what mends it. */
export function driftScreen(
  drifts: readonly Drift[],
  { environment, name }: Pick<Cluster, "environment" | "name">,
  paint: Paint,
): string[] {
  const title = `${paint("bold", environment)}  cluster ${name}: `;
  if (drifts.length === 0) return [`${title}${paint("green", "no drift")}`];
  const count = `${drifts.length} difference${drifts.length === 1 ? "" : "s"}`;
  return [`${title}${paint("red", count)}`, "", ...drifts.flatMap((drift) => lines(drift, paint))];
}

function lines({ severity, code, where, what, declared, found, remedy }: Drift, paint: Paint): string[] {
  const place = where.length === 0 ? "" : `${where.map((each) => paint("bold", each)).join(", ")}: `;
  return [
    `${paint(COLOURS[severity], severity.padEnd(7))}  ${place}${what} ${paint("dim", `(${code})`)}`,
    ...(declared === undefined && found === undefined
      ? []
      : [`${INDENT}declared: ${declared ?? "nothing"}; found: ${found ?? "nothing"}`]),
    `${INDENT}${paint("dim", "→")} ${render(remedy, "person")}`,
  ];
}

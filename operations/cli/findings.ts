import { type Fault, isHealthy } from "../base/finding";
import type { Colour, Paint } from "./output";
import { render } from "../base/remedy";

const COLOURS: Readonly<Record<Fault["severity"], Colour>> = {
  broken: "red",
  warning: "yellow",
  advice: "cyan",
};

/** What is wrong, each with what helps; also used by other commands that judge. */
export function problems(findings: readonly Fault[], paint: Paint): string[] {
  const lines = findings.flatMap(({ severity, node, what, remedy }) => [
    `${paint(COLOURS[severity], severity.padEnd(7))}  ${node === undefined ? "" : `${paint("bold", node)}: `}${what}`,
    `${" ".repeat(9)}${paint("dim", "→")} ${render(remedy, "person")}`,
  ]);
  return [isHealthy(findings) ? paint("green", "Healthy.") : `${paint("red", "Not healthy.")}`, ...lines];
}

/** The same for a script. */
export function describeProblems(findings: readonly Fault[]): object[] {
  return findings.map(({ severity, check, node, what, remedy }) => ({
    severity,
    check,
    node: node ?? null,
    what,
    remedy,
  }));
}

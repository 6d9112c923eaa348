import type { Health } from "../../observe/health/health";
import { columnsOf } from "../../base/columns";
import type { Paint } from "../../cli/output";
import { renderTable } from "../../cli/table";

/** Every pair of nodes as a matrix; where the terminal is too narrow for it, a row per node with those it fails to reach. */
export function reachTable(health: Health, paint: Paint, width: number): string[] {
  const matrix = renderMatrix(health, paint);
  const fits = matrix.every((line) => columnsOf(line) <= width);
  return fits ? matrix : renderRows(health, paint, width);
}

function renderMatrix({ nodes, pairs }: Pick<Health, "nodes" | "pairs">, paint: Paint): string[] {
  const mark = (healthy: boolean | null | undefined) =>
    healthy === true ? paint("green", "ok") : healthy === false ? paint("red", "FAIL") : paint("yellow", "?");
  const columns = [
    { header: "" },
    { header: "from \\ to" },
    ...nodes.map((_, index) => ({ header: String(index + 1) })),
  ];
  const rows = nodes.map(({ label }, index) => [
    String(index + 1),
    label,
    ...nodes.map(({ label: to }) =>
      mark(pairs.find((pair) => pair.from === label && pair.to === to)?.healthy),
    ),
  ]);
  return renderTable(columns, rows, Infinity, (header) => paint("bold", header));
}

function renderRows(
  { nodes, pairs }: Pick<Health, "nodes" | "pairs">,
  paint: Paint,
  width: number,
): string[] {
  const columns = [
    { header: "", align: "right" as const },
    { header: "from", yields: 1 },
    { header: "reaches", align: "right" as const },
    { header: "fails to reach", yields: 2 },
  ];
  const rows = nodes.map(({ label }, index) => {
    const own = nodes.map(
      ({ label: to }) => pairs.find((pair) => pair.from === label && pair.to === to)?.healthy,
    );
    const numbers = (wanted: boolean | null) =>
      own.flatMap((healthy, to) => ((healthy ?? null) === wanted ? [to + 1] : []));
    const failed = numbers(false);
    const unknown = numbers(null).length === nodes.length;
    return [
      String(index + 1),
      label,
      unknown ? paint("yellow", "?") : `${numbers(true).length} of ${nodes.length}`,
      unknown ? paint("yellow", "could not be asked") : paint("red", formatNumbers(failed)),
    ];
  });
  return renderTable(columns, rows, width, (header) => paint("bold", header));
}

/** `1-3, 7, 12`; the numbers are ascending. */
function formatNumbers(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const each of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === each - 1) last[1] = each;
    else ranges.push([each, each]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(", ");
}

import type { Cluster } from "../../../model/cluster";
import { firewallNames } from "../../../model/contract/firewall";
import { render } from "../../base/remedy";
import type { Paint } from "../../cli/output";
import type { Checked } from "./check";

const INDENT = " ".repeat(9);

/** A line for all, then each server with who is let in where, and what is wrong with that. */
export function checkedScreen(
  { environment, name }: Pick<Cluster, "environment" | "name">,
  checked: readonly Checked[],
  paint: Paint,
): string[] {
  const wrong = checked.filter(({ faults }) => faults.length > 0).length;
  const all =
    wrong === 0
      ? paint("green", "in force on every server")
      : paint("red", `not as declared on ${wrong} of ${checked.length} servers`);
  return [
    `${paint("bold", environment)}  firewall of cluster ${name}: ${all}`,
    ...checked.flatMap((each) => ["", ...lines(each, name, paint)]),
  ];
}

function lines({ host, firewall, state, faults }: Checked, cluster: string, paint: Paint): string[] {
  const ports = firewall.published.flatMap(({ ip, ports: each }) => each.map((port) => `${ip}:${port}`));
  const word =
    faults.length === 0
      ? paint("green", "ok")
      : state === undefined
        ? paint("yellow", "unknown")
        : paint("red", "broken");
  const padding = " ".repeat(Math.max(9 - (faults.length === 0 ? 2 : state === undefined ? 7 : 6), 1));
  return [
    `${word}${padding}${paint("bold", host.id)}: ${ports.join(", ") || "no published port"} from ${firewall.sources.join(", ")}`,
    ...faults.flatMap(({ what, remedy }) => [
      `${INDENT}${what}`,
      `${INDENT}${paint("dim", "→")} ${render(remedy, "person")}`,
    ]),
    ...(state?.atStart === "unmanaged"
      ? [
          `${INDENT}no systemd there: ${firewallNames(cluster).file} must be loaded by \`nft -f\` at its start, before Docker`,
        ]
      : []),
  ];
}

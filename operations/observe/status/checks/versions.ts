import { citusRelease } from "../../../cluster/nodes/citus-release";
import { type Check, ofEachNode } from "../check";
import type { Fault } from "../../../base/finding";
import { extensionRemedy } from "../../../cluster/nodes/remedies";

/** Library and extension of a node fit each other. */
export const extension: Check = ofEachNode(({ label, state }) =>
  state === undefined || citusRelease(state.citus) === citusRelease(state.extension)
    ? []
    : [
        {
          severity: "broken",
          check: "extension",
          node: label,
          what: `it runs Citus ${state.citus} with the extension of ${state.extension}`,
          remedy: extensionRemedy("there"),
        },
      ],
);

/** All nodes run what the coordinator runs. Amid an upgrade this is so for a while. */
export const skew: Check = ({ nodes }) => {
  const coordinator = nodes.find(({ role }) => role === "coordinator")?.state;
  if (coordinator === undefined) return [];
  return nodes.flatMap(({ label, state }): Fault[] => {
    if (state === undefined) return [];
    const versions: readonly (readonly [name: string, own: string, its: string])[] = [
      ["Citus", state.citus, coordinator.citus],
      ["the extension", state.extension, coordinator.extension],
      ["PostgreSQL", state.postgres, coordinator.postgres],
    ];
    const differences = versions.filter(([, own, its]) => own !== its);
    if (differences.length === 0) return [];
    const what = differences.map(([name, own, its]) => `${name} ${own} (coordinator ${its})`).join(", ");
    const remedy = `give all nodes the same image, then ${extensionRemedy("on each")}`;
    return [{ severity: "warning", check: "versions", node: label, what: `it runs ${what}`, remedy }];
  });
};

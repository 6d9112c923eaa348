import type { Cluster } from "../../../model/cluster";
import { type Paint } from "../../cli/output";
import { type Column, renderTable } from "../../cli/table";
import type { NamedNode } from "../../cluster/roles/probe";
import { explainRoles } from "../../cluster/roles/explain-role";
import { type NodeRoles, type RoleFault, judgeRole, untriedRoles } from "../../cluster/roles/judge-roles";
import type { Place } from "../../base/place";
import type { Role } from "../../cluster/roles/read-roles";
import { isOtherDatabase } from "../../base/command-line";
import { quoteName } from "../../base/shown-words";
import { type Remedy, joinRemedies, render } from "../../base/remedy";

/** What every connection as every role came to. */
export interface Checked {
  readonly healthy: boolean;
  readonly nodes: readonly string[];
  readonly roles: readonly CheckedRole[];
  /** Of the roles of which not every connection was tried in time. */
  readonly untried: readonly string[];
}

interface CheckedRole {
  readonly role: string;
  readonly tablesOwned: number;
  /** One per node, in their order. */
  readonly nodes: readonly { readonly node: string; readonly reaches: number; readonly of: number }[];
  readonly faults: readonly RoleFault[];
  readonly what?: string;
  readonly remedy?: Remedy;
}

export function judgeChecked(
  roles: readonly string[],
  used: readonly Role[],
  nodes: readonly NamedNode[],
  answers: readonly NodeRoles[],
  place: Place,
): Checked {
  const checked = roles.map((role): CheckedRole => {
    const known = used.find(({ name }) => name === role) ?? {
      name: role,
      login: true,
      owns: 0,
      tables: [],
      closed: [],
    };
    const explained = explainRoles({ roles: [known], nodes: answers }, place);
    return {
      role,
      tablesOwned: known.owns,
      nodes: nodes.map(({ label }) => {
        const own = answers.find((answer) => answer.label === label);
        const reached = own?.states.find((state) => state.role === role)?.reached ?? [];
        return { node: label, reaches: reached.filter(({ ok }) => ok === true).length, of: nodes.length };
      }),
      faults: judgeRole(role, answers),
      ...(explained.length === 0
        ? {}
        : {
            what: explained.map(({ what }) => what).join("; "),
            remedy: joinRemedies(
              explained.map(({ remedy }) => remedy),
              "; then ",
            ),
          }),
    };
  });
  return {
    healthy: checked.every((each) => each.nodes.every(({ reaches, of }) => reaches === of)),
    nodes: nodes.map(({ label }) => label),
    roles: checked,
    untried: untriedRoles(answers),
  };
}

/** How many of the nodes each node reaches as each role, and below it what is wrong. */
export function checkScreen(
  { healthy, nodes, roles, untried }: Checked,
  paint: Paint,
  width: number,
): string[] {
  const columns: Column[] = [
    { header: "role" },
    ...nodes.map((header) => ({ header: `from ${header}`, yields: 1 })),
  ];
  const rows = roles.map((each) => [
    quoteName(each.role),
    ...each.nodes.map(({ reaches, of }) => paint(reaches === of ? "green" : "red", `${reaches} of ${of}`)),
  ]);
  const findings = roles.flatMap(({ what, remedy }) =>
    what === undefined || remedy === undefined
      ? []
      : [what, `${paint("dim", "→")} ${render(remedy, "person")}`],
  );
  if (untried.length > 0)
    findings.push(
      `the time ran out before every connection was tried as ${untried.map(quoteName).join(", ")}`,
      `${paint("dim", "→")} --timeout allows more time`,
    );
  const end = healthy ? [paint("green", "Every connection works.")] : [];
  return [...renderTable(columns, rows, width, (text) => paint("bold", text)), "", ...end, ...findings];
}

/** For a script (schemas/credentials.json). */
export function checkJson(cluster: Cluster, { healthy, roles }: Checked): object {
  return {
    environment: cluster.environment,
    otherDatabase: isOtherDatabase(cluster) ? cluster.database : null,
    healthy,
    roles: roles.map(({ role, tablesOwned, nodes, faults, what, remedy }) => ({
      ...{ role, tablesOwned, nodes },
      faults: faults.map(({ cause, nodes: where }) => ({ cause, nodes: where })),
      what: what ?? null,
      remedy: remedy ?? null,
    })),
  };
}

import { EXIT, Failure, moreAbove } from "../../base/failure";
import { AGAIN, type Remedy, advise } from "../../base/remedy";
import { explainNoToken, explainOrganization, explainRepository } from "./cloud";
import type { Diagnostic } from "./diagnostic";
import type { Explain, Explained, Occurrence } from "./known";
import { explainLeftover } from "./leftovers";
import { explainLock } from "./lock";
import { explainOnHost } from "./on-host";
import { explainUnreachable } from "./reach";
import { explainMissingProvider, explainOtherBackend, explainPlan, explainProtected } from "./state";
import { explainStep } from "./step";

/** The first that knows it explains it. */
const KNOWN: readonly Explain[] = [
  explainStep,
  explainLock,
  explainOtherBackend,
  explainPlan,
  explainMissingProvider,
  explainProtected,
  explainNoToken,
  explainOrganization,
  explainRepository,
  explainLeftover,
  explainUnreachable,
  explainOnHost,
];

/** That Terraform stopped, because of another error or an interrupt; `exit status 1: Error: ...` is how a runner repeats an error. */
const CONSEQUENCE = /^(?:execution halted$|exit status \d+\b)/;

/** An error of Terraform or of a provider; one that nobody knows keeps its own text. */
interface Told extends Explained {
  readonly known: boolean;
  /** Its own, in lines; of one that is known, its words are ours. */
  readonly text: readonly string[];
}

/**
 * The failure of a command of Terraform: each of its errors in our words, those of one kind once.
 *
 * @param command as it is called: `plan`, `apply`
 * @param options began: whether it had begun to change anything
 */
export function terraformFailure(
  errors: readonly Diagnostic[],
  command: string,
  at: Occurrence,
  { began = false }: { readonly began?: boolean } = {},
): Failure {
  const causes = errors.filter(({ summary }) => errors.length === 1 || !CONSEQUENCE.test(summary));
  const told = new Map(causes.map((error) => explain(error, command, at)).map((each) => [each.what, each]));
  // What we know says more than what follows from it.
  const [first, ...others] = [...told.values()].sort((a, b) => Number(b.known) - Number(a.known));
  if (first === undefined) {
    return new Failure(
      `${at.binary} ${command}: it failed without a message`,
      advise`run it by hand in ${at.folder}: ${at.binary} ${command}`,
    );
  }
  const refused = !began && [first, ...others].every((each) => each.refused === true);
  return new Failure(`${first.what}${moreAbove(others.length)}`, first.remedy, {
    detail: others.length === 0 ? first.text : [first, ...others].flatMap(lines),
    exitCode: refused ? EXIT.refused : EXIT.failed,
  });
}

function lines({ known, what, remedy, text }: Told): Remedy[] {
  return known ? [advise`${what}: ${remedy}`] : [what, ...text.map((line) => `  ${line}`)];
}

function explain(diagnostic: Diagnostic, command: string, at: Occurrence): Told {
  for (const known of KNOWN) {
    const explained = known(diagnostic, at);
    if (explained !== undefined) return { ...explained, known: true, text: [] };
  }
  const { summary, detail, address } = diagnostic;
  const of = address === undefined ? "" : `${address}: `;
  return {
    what: `${at.binary} ${command}: ${of}${summary}`,
    remedy: advise`fix the errors in the lines above, then ${AGAIN}`,
    known: false,
    text: detail.split("\n").filter((line) => line.trim() !== ""),
  };
}

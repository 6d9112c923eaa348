/** One thing that is wrong with an environment: where, and what it is together with what would be right. */
export interface Problem {
  readonly environment: string;
  /** Path in the environment file, e.g. `hosts.server-b.bindAddress`. */
  readonly field: string;
  readonly problem: string;
}

/** Reports a problem of the environment at hand. */
export type Report = (field: string, problem: string) => void;

/** A report that adds to `problems`, and shows no password that stands in a URL of some field. */
export function reportTo(problems: Problem[], environment: string): Report {
  return (field, problem) =>
    problems.push({ environment, field: hidePasswords(field), problem: hidePasswords(problem) });
}

/** Up to the last "@" of a quoted value, since an unescaped password may hold anything. */
function hidePasswords(text: string): string {
  return text.replace(/(:\/\/[^\s:@/"]*):(?:(?!" ).)*@/gs, "$1:***@");
}

/** What `cdktf deploy` and `destroy` print, line by line: which lines a person wants to see, and what failed. */
export interface ApplyLog {
  /** Takes output as it comes, in pieces of any size. */
  write(text: string): void;
  end(): void;
  /** The program's own last line, which says what happened and what to do. */
  readonly verdict: string | undefined;
  /** Terraform's first error, or what is wrong with an environment, as one sentence. */
  readonly cause: string | undefined;
  /** The errors in full, or the last lines if there is none. */
  readonly detail: readonly string[];
}

const LAST_LINES = 30;

const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;
/** cdktf's spinner, and its count of stacks. */
const STATUS = /^(?:[\u2800-\u28ff]\s+\w+|\d+ Stacks? (?:deploying|destroying)\b.*)$/;
/** The program's last line when it fails (operations/steps/main.ts). */
const VERDICT = "pg-dist: ";
/** How cdktf reports what is wrong with an environment (constructs/environment-validation.ts), below a stack trace. */
const INVALID = /^\s*Error: Validation failed with the following errors:/;
const PROBLEM = /^\s*\[[^\]]+\] (.+)/;
/** What is slow enough that its start is worth a line. */
const SLOW = /^(?:docker_image|docker_container|null_resource\.registration)\b/;
const EVENT =
  /^(?<address>[\w-]+\.[\w-]+)(?: \([^)]*\))?(?<key>\["[^"]*"\])?(?<program> \(local-exec\))?: (?<text>.*)$/;

/**
 * @param stack the stack's name, which cdktf puts before Terraform's lines
 * @param show called with each line worth showing
 */
export function createApplyLog(stack: string, show: (line: string) => void): ApplyLog {
  const lines: string[] = [];
  const errors: string[][] = [];
  let verdict: string | undefined;
  let rest = "";
  let inError = false;
  const problems: string[] = [];
  let inProblems = false;

  const take = (raw: string): void => {
    const line = plain(raw, stack);
    if (line === undefined) return;
    if (line !== "") lines.push(line);
    const event = EVENT.exec(line)?.groups;
    if (line.startsWith("Error: ")) {
      errors.push([line]);
      inError = true;
    } else if (event !== undefined) {
      inError = false;
      const text = visible(event);
      if (text !== undefined) show(text);
      if (event.program !== undefined && event.text?.startsWith(VERDICT)) {
        verdict = event.text.slice(VERDICT.length);
      }
    } else if (inProblems) {
      const [, problem] = PROBLEM.exec(line) ?? [];
      if (problem === undefined) inProblems = false;
      else problems.push(problem);
    } else if (INVALID.test(line)) {
      inProblems = true;
    } else if (inError) {
      errors.at(-1)?.push(line);
    } else if (isMilestone(line)) {
      show(line);
    }
  };

  return {
    write: (text) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      parts.forEach(take);
    },
    end: () => {
      take(rest);
      rest = "";
    },
    get verdict() {
      return verdict;
    },
    get cause() {
      if (problems.length > 1) return `${problems.length} problems in environments/`;
      return problems[0]?.replace(/\.$/, "") ?? sentence(errors[0]);
    },
    get detail() {
      if (problems.length > 0) return problems;
      return errors.length > 0 ? errors.flatMap(trimBlanks) : lines.slice(-LAST_LINES);
    },
  };
}

/** Undefined for what only animates a terminal. */
function plain(raw: string, stack: string): string | undefined {
  const line = raw.replace(ANSI, "").replace(/\r/g, "").trimEnd();
  if (STATUS.test(line.trim())) return undefined;
  const prefix = `${stack}  `;
  if (line.startsWith(prefix)) return line.slice(prefix.length);
  return line.startsWith(" ".repeat(prefix.length)) ? line.slice(prefix.length) : line;
}

function visible({
  address = "",
  key = "",
  program,
  text = "",
}: Record<string, string | undefined>): string | undefined {
  if (program !== undefined) {
    if (text.startsWith("Executing: ")) return undefined;
    return `${address.replace("null_resource.", "")}${key}: ${text}`;
  }
  if (!/^(?:Creat|Destr|Modif|Still )/.test(text)) return undefined;
  if (/^(?:Creating|Destroying|Modifying)\.\.\./.test(text) && !SLOW.test(address)) return undefined;
  return `${address}${key}: ${text.replace(/ \[id=[^\]]*\]/, "")}`;
}

function isMilestone(line: string): boolean {
  return /^(?:- Installing \S+ v|Plan: |No changes\.|Apply complete!|Destroy complete!)/.test(line);
}

/** Terraform's error as one line: its title, and the paragraph that says what. Terraform breaks lines at 78 characters. */
function sentence(error: readonly string[] | undefined): string | undefined {
  if (error === undefined) return undefined;
  const [title = "", ...others] = error;
  const paragraphs = others
    .join("\n")
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, " ").trim())
    .filter((paragraph) => paragraph !== "" && !/^(?:with|on) \S+/.test(paragraph));
  return [title.slice("Error: ".length), ...paragraphs.slice(0, 1)].join(": ");
}

function trimBlanks(block: readonly string[]): string[] {
  const last = block.findLastIndex((line) => line.trim() !== "");
  return block
    .slice(0, last + 1)
    .filter((line, index) => line.trim() !== "" || block[index - 1]?.trim() !== "");
}

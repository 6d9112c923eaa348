/** What Terraform or one of its providers complains about. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** One line. */
  readonly summary: string;
  /** More of it, with the line breaks of whoever wrote it; empty where the summary says it all. */
  readonly detail: string;
  /** Of the resource that it is about, e.g. `docker_container.server-d_worker1`. */
  readonly address?: string;
}

/** Also as `terraform state` says it where it can't read the state. */
const BEGINS = /^(Error|Warning|Error loading the state|Failed to load state): (.*)$/;

/** `  with docker_container.a_worker1,`, and behind the address cdktf's path of the construct. */
const WITH = /^\s+with (\S+?)(?: \([^)]*\))?,$/;

const ON = /^\s+on \S+ line \d+/;

/** The diagnostics in what Terraform prints for people, framed by a bar on the left or not. */
export function parseDiagnostics(output: string): Diagnostic[] {
  const blocks: string[][] = [];
  let block: string[] | undefined;
  for (const framed of output.split("\n")) {
    const line = framed.replace(/^[│╷╵]\s?/, "").trimEnd();
    if (BEGINS.test(line)) blocks.push((block = [line]));
    // In what a remote run prints, more may come behind the frame.
    else if (framed.startsWith("╵")) block = undefined;
    else block?.push(line);
  }
  return blocks.map(parseBlock);
}

function parseBlock([title = "", ...lines]: readonly string[]): Diagnostic {
  const [, severity, summary = ""] = BEGINS.exec(title) ?? [];
  const address = lines.map((line) => WITH.exec(line)?.[1]).find((found) => found !== undefined);
  return {
    severity: severity === "Warning" ? "warning" : "error",
    summary,
    detail: withoutPlace(lines).join("\n").trim(),
    ...(address === undefined ? {} : { address }),
  };
}

/** Without the lines that say where in the configuration it is: nobody has written that by hand. */
function withoutPlace(lines: readonly string[]): string[] {
  let inSnippet = false;
  return lines.filter((line) => {
    if (WITH.test(line)) return false;
    if (ON.test(line)) inSnippet = true;
    else if (line.trim() === "") inSnippet = false;
    return !inSnippet;
  });
}

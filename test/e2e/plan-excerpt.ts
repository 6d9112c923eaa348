/**
 * What a reviewer reads first of a plan: each resource's headline, what forces its replacement or is updated in place, the
 * sum, and how many lines there are to read from the first headline to it. Without the ids of containers, and what is known
 * only afterwards.
 */
export function excerptOf(plan: string): string {
  const lines: string[] = [];
  let headline = "";
  let inside = false;
  let first: number | undefined;
  for (const [number, line] of plan.split("\n").entries()) {
    const text = line.trim().replace(/ +/g, " ");
    if (/^Plan: |^No changes\./.test(line)) {
      lines.push(first === undefined ? line : `${line} (${number - first + 1} lines)`);
      break;
    }
    if (/^ {2}# [^(]/.test(line)) {
      headline = text;
      first ??= number;
      inside = false;
      lines.push(text);
    } else if (inside) {
      inside = !/^[\]}]/.test(text);
      if (/^[-+~]/.test(text)) add(text, "    ");
    } else if (text.includes("# forces replacement")) {
      inside = /[[{] # forces/.test(text);
      add(text, "  ");
    } else if (headline.includes("updated in-place") && /^~ .* -> /.test(text)) {
      add(text, "  ");
    }
  }
  return lines.join("\n");

  function add(text: string, indent: string): void {
    if (!/\(known after apply\)|"container of /.test(text)) lines.push(indent + text);
  }
}

/**
 * What a reviewer reads first of a plan: each resource's headline, what forces its replacement or is updated in place, and
 * the sum. Without the ids of containers, and what is known only afterwards.
 */
export function excerptOf(plan: string): string {
  const lines: string[] = [];
  let headline = "";
  let inside = false;
  for (const line of plan.split("\n")) {
    const text = line.trim().replace(/ +/g, " ");
    if (/^Plan: |^No changes\./.test(line)) {
      lines.push(line);
      break;
    }
    if (/^ {2}# [^(]/.test(line)) {
      headline = text;
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

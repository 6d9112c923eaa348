import type { Rule } from "eslint";
export const floors: Rule.RuleModule;
export function whyForbidden(from: string, to: string): string | undefined;

export const USAGE: string;
export function parseOptions(args: readonly string[]): "up" | "down" | "help";

export function checkNode(version: string, range: string): void;
export function describePlatform(machine: { platform: string; arch: string; abi: string }): string[];

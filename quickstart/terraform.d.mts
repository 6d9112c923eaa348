export function findTerraform(env: Readonly<Record<string, string | undefined>>): string;

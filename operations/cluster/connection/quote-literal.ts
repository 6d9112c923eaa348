/** A value as a literal of SQL, for statements that travel as text: also where standard_conforming_strings is off. */
export function quoteLiteral(value: string): string {
  const escaped = value.replaceAll("'", "''");
  return value.includes("\\") ? `E'${escaped.replaceAll("\\", "\\\\")}'` : `'${escaped}'`;
}

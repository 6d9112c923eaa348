/**
 * Text for a Terraform string that isn't a template: `${` and `%{` doubled. cdktf's Fn.rawString leaves `%{` alone.
 */
export function escapeTemplate(text: string): string {
  return text.replace(/[$%]\{/g, (start) => start[0] + start);
}

/** Puts the environment into command lines that were written without knowing it: `npx pg-dist forget ENVIRONMENT`. */
export function nameEnvironment(text: string, environment: string | undefined): string {
  return environment === undefined ? text : text.replace(/\bENVIRONMENT\b/g, environment);
}

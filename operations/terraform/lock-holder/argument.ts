/** A backend's arguments, as the environment has them. */
export type BackendConfig = Readonly<Record<string, unknown>>;

/** An argument, or the variable that Terraform takes in its place. */
export function argumentOf(
  config: BackendConfig,
  name: string,
  env: NodeJS.ProcessEnv,
  variable: string,
): string | undefined {
  const value = config[name];
  return typeof value === "string" ? value : env[variable] || undefined;
}

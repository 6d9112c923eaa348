/** Ids of Docker hosts that `pg-dist forget` takes out of Terraform's state, with commas, while it synthesizes. */
export const FORGOTTEN_HOSTS = "PGDIST_FORGET";

/** Hosts whose resources may be in the state although the environment no longer has them. */
export function forgottenHosts(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  return (env[FORGOTTEN_HOSTS] ?? "").split(",").filter((host) => host !== "");
}

/** What Terraform's backends read from the process' variables to get at a state, and nobody may see. */
const SECRETS = [
  ...["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ARM_ACCESS_KEY", "ARM_CLIENT_SECRET", "ARM_SAS_TOKEN"],
  ...["TF_HTTP_PASSWORD", "CONSUL_HTTP_TOKEN"],
];

/** The password of `postgres://user:password@host`, or of `password=...`. */
const PASSWORDS = [/:\/\/[^:/@\s]*:([^@\s]+)@/, /(?:^|[\s?&])password\s*=\s*'?([^\s'&]+)/];

/** Secrets with which Terraform gets at a state: an error of its may have them. */
export function backendSecrets(env: Readonly<NodeJS.ProcessEnv>): string[] {
  const tokens = Object.keys(env).filter((name) => name.startsWith("TF_TOKEN_"));
  return [
    ...SECRETS.map((name) => env[name]),
    // What else is in the variable by mistake, as a line break, may be shown in another form, or not at all.
    ...tokens.flatMap((name) => [env[name], ...(env[name] ?? "").split(/\s+/)]),
    ...PASSWORDS.flatMap((pattern) =>
      ["PG_CONN_STR", "TF_HTTP_ADDRESS", "TF_HTTP_LOCK_ADDRESS", "TF_HTTP_UNLOCK_ADDRESS"].map(
        (name) => pattern.exec(env[name] ?? "")?.[1],
      ),
    ),
  ].filter((each) => each !== undefined);
}

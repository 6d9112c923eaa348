import { backendSecrets } from "./backend-secrets";
import { tokensInFiles } from "./cloud-tokens";
import { Credentials } from "./credentials";
import { Redactor } from "./redactor";

/** The only transport that may be used to a node, and what said so: messages name it. */
interface Via {
  readonly name: string;
  readonly by: "PGDIST_VIA" | "--via";
}

/**
 * What whoever runs the program gave it. Made once, where the program begins, and passed down: nothing else reads the
 * process' variables, and nothing writes to them.
 */
export interface Caller {
  /** The process' variables as they were: settings of a run, and what its child processes get. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly credentials: Credentials;
  /** `--via` goes before PGDIST_VIA. @default the first transport that works */
  readonly via?: Via;
  /** Text without any secret that the run has, or learned. */
  readonly redact: (text: string) => string;
}

/** @param env the process' variables */
export function callerOf(env: Readonly<NodeJS.ProcessEnv>): Caller {
  const redactor = new Redactor();
  for (const secret of [...backendSecrets(env), ...tokensInFiles(env)]) redactor.learn(secret);
  const via = env["PGDIST_VIA"] || undefined;
  return {
    env: { ...env },
    credentials: Credentials.of(env, redactor),
    ...(via === undefined ? {} : { via: { name: via, by: "PGDIST_VIA" } }),
    redact: redactor.redact,
  };
}

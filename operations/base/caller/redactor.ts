/** Of a secret that a line of text is searched for, in characters: without a word so short that every message had it. */
const SHORTEST = 4;

/** Takes the secrets of a run out of what it prints. It learns those that are typed or read from a file on the way, too. */
export class Redactor {
  private readonly forms = new Set<string>();

  /**
   * @param shortest a shorter secret is left, in characters. @default 4
   */
  learn(secret: string | undefined, shortest = SHORTEST): void {
    // PostgreSQL's own user and database have this name.
    if (!secret || secret === "postgres" || secret.length < shortest) return;
    for (const form of formsOf(secret)) this.forms.add(form);
  }

  /** For `caller.redact`, to be passed on by itself. */
  readonly redact = (text: string): string =>
    // A secret that has another one in it goes first.
    [...this.forms]
      .sort((one, other) => other.length - one.length)
      .reduce((result, secret) => result.replaceAll(secret, "***"), text);
}

/** As a server or a child process repeats it: in a literal of SQL, in JSON or HCL, in a URL. */
function formsOf(secret: string): string[] {
  return [
    secret,
    secret.replaceAll("'", "''"),
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
  ];
}

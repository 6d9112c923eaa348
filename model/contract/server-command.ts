/** A server's command line in its container: PostgreSQL's start-up settings, each by `-c`. */
export function serverCommand(settings: Readonly<Record<string, string>>): string[] {
  return ["postgres", ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}

/** The settings of such a command line, in whatever order; other arguments are none of ours. */
export function settingsOfCommand(command: readonly string[]): Record<string, string> {
  const settings = command.filter((_word, index) => command[index - 1] === "-c");
  return Object.fromEntries(
    settings.map((setting) => {
      const end = setting.indexOf("=");
      return [setting.slice(0, end), setting.slice(end + 1)];
    }),
  );
}

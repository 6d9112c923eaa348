import { EngineError, type EngineErrorCode } from "./engine-failure";

/**
 * What ssh, the server's shell and its docker command say when they fail. They have words only, so this is the one place that
 * reads them. The first that fits counts: ssh tells of a key's file before it is refused.
 */
const SAID: readonly (readonly [RegExp, EngineErrorCode])[] = [
  [/This private key will be ignored/, "ssh-key-file"],
  [/permission denied while trying to connect|docker\.sock: connect: permission denied/i, "forbidden"],
  [/Permission denied \(|Too many authentication/, "ssh-refused"],
  [/Host key for .* has changed|REMOTE HOST IDENTIFICATION HAS CHANGED/, "ssh-host-key-changed"],
  [/Host key verification failed/, "ssh-host-key"],
  [/Could not resolve hostname/, "unknown-name"],
  [
    /Cannot connect to the Docker daemon|dial unix .*(no such file or directory|connection refused)/,
    "engine-down",
  ],
  [/docker: (command )?not found|command not found/, "docker-missing"],
  [/Connection refused/, "connection-refused"],
  [/No route to host|Network is unreachable/, "no-route"],
  [/timed out|not responding/, "timeout"],
  [/Connection (closed|reset) by|kex_exchange_identification|Broken pipe/, "connection-lost"],
];

/**
 * Why ssh ended.
 *
 * @param stderr what it said, or its server
 * @param code its exit code; null when a signal ended it
 */
export function explainSsh(stderr: string, code: number | null): EngineError {
  const text = tellingLines(stderr) || `ssh ended with ${code ?? "a signal"}`;
  const known = SAID.find(([pattern]) => pattern.test(text))?.[1];
  return new EngineError(known ?? "ssh-failed", text);
}

/** Without what ssh says by the way, and the frames around its warnings. */
export function tellingLines(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^@|^Warning: Permanently added/.test(line))
    .join("; ");
}

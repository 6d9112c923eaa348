import type { ClusterHost } from "../../model/cluster";
import { shellWord } from "../base/shown-words";
import { describeLogin } from "./describe-docker";
import type { EngineErrorCode } from "./engine/engine-failure";

/** What a person compares: it is shown on the server itself, by whoever can be sure that it is the server. */
const COMPARE =
  "answer yes only to a fingerprint that `cat /etc/ssh/ssh_host_*_key.pub | ssh-keygen -lf -` prints on the server's own console";

/** Whether ssh doesn't take the server for the one that it should be. */
export function isAboutHostKey(code: EngineErrorCode): boolean {
  return code === "ssh-host-key" || code === "ssh-host-key-changed";
}

/**
 * How the key of a server gets among those that ssh knows here, once a person has compared it. By ssh itself, as its options
 * say the list and the way, also by jump hosts.
 *
 * @param said ssh's words, which name host and list
 */
export function trustHostKey(host: ClusterHost, said: string): string {
  const login = `\`${describeAsking(host)}\``;
  const forgotten = forgetCommand(said);
  const remedy =
    forgotten === undefined
      ? `the server's host key is not known here: run ${login} in a terminal, and ${COMPARE}`
      : `the server shows a different host key than before: it was set up anew, or something else answers in its place. Where the change is known, run \`${forgotten}\`, then ${login} in a terminal, and ${COMPARE}`;
  return remedy;
}

/** A login that asks, whatever the options or the user's configuration say: the first value of an option counts. */
function describeAsking(host: ClusterHost): string {
  const ask = ["-o", "StrictHostKeyChecking=ask", "-o", "BatchMode=no"];
  return `${describeLogin(host).replace(/^ssh/, ["ssh", ...ask].join(" "))} true`;
}

/** Undefined where no other key was known. */
function forgetCommand(said: string): string | undefined {
  const [, name] = /Host key for (\S+) has changed/.exec(said) ?? [];
  if (name === undefined) return undefined;
  const [, list] = /Offending \S+ key in (.+?):\d+/.exec(said) ?? [];
  return ["ssh-keygen", "-R", name, ...(list === undefined ? [] : ["-f", list])].map(shellWord).join(" ");
}

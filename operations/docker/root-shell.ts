import type { ClusterHost } from "../../model/cluster";
import { runChild } from "../base/child-process";
import type { Caller } from "../base/caller/caller";
import { Failure } from "../base/failure";
import { describeLogin } from "./describe-docker";
import { explainSsh, tellingLines } from "./engine/explain-ssh";
import { sshArguments } from "./ssh";
import { isAboutHostKey, trustHostKey } from "./trust-host-key";

/** How long a script may take. In milliseconds. */
const SCRIPT_MS = 60_000;

/** Exit code of ssh where it doesn't come as far as the command. */
const SSH_FAILED = 255;

/** The script comes by standard input, so that it is in no list of processes. Any login shell reads this line alike. */
const AS_ROOT = `sh -c 'if [ "$(id -u)" = 0 ]; then exec sh; else exec sudo -n sh; fi'`;

/** Whether a Docker host has a shell for us: its engine alone gives none. */
export function hasShell({ connection }: Pick<ClusterHost, "connection">): boolean {
  return connection.startsWith("ssh://");
}

/**
 * Runs a script as root on the server of an ssh connection, by `sudo` without a password for another user, on a connection of
 * its own: one that is shared says nothing about whether the next login will work.
 *
 * @returns what it wrote to standard output
 * @throws Failure with what it said
 */
export async function runAsRoot(
  host: ClusterHost,
  script: string,
  { env }: Pick<Caller, "env">,
  timeout = SCRIPT_MS,
): Promise<string> {
  const own = ["-o", "ControlMaster=no", "-o", "ControlPath=none"];
  const ran = await runChild("ssh", [...own, ...sshArguments(host, []), AS_ROOT], {
    ...{ env, timeout, input: script },
  }).catch((error: Error) => {
    throw new Failure(`${host.id}: can't run ssh: ${error.message}`, "install the OpenSSH client");
  });
  if (ran.code === 0) return ran.stdout;
  const said = tellingLines(ran.stderr) || `exit code ${ran.code ?? "none"}`;
  if (ran.timedOut || ran.code === SSH_FAILED) {
    const { code, message } = explainSsh(ran.stderr, ran.code);
    const what = ran.timedOut ? `no answer within ${timeout / 1000} s` : message;
    throw new Failure(
      `${host.id}: ${what}`,
      isAboutHostKey(code) ? trustHostKey(host, message) : `check that \`${describeLogin(host)} true\` works`,
    );
  }
  if (/^sudo: |sudo: (command )?not found|not in the sudoers/.test(said)) {
    throw new Failure(
      `${host.id}: needs root there, and sudo doesn't give it: ${said}`,
      "let the user of the connection run sh by sudo without a password, or have somebody with root run what `show` prints",
    );
  }
  throw new Failure(`${host.id}: ${said}`, "mend that on the server, then run it again");
}

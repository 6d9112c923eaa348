import type { Report } from "./problem";

/** In any of ssh's spellings (`-oName=value`, `Name value`), also inside a ProxyCommand. */
const UNCHECKED =
  /(StrictHostKeyChecking)(?:\s*=\s*|\s+)"?(no|off|false|accept-new)\b|(NoHostAuthenticationForLocalhost)(?:\s*=\s*|\s+)"?(yes|true)\b/i;

const FORGETFUL = /(UserKnownHostsFile)(?:\s*=\s*|\s+)"?(\/dev\/null)\b/i;

/**
 * Options by which ssh takes a server without knowing its key: whoever answers at that address would be root's shell and get
 * the passwords. By default ssh refuses (DEFAULT_SSH_OPTIONS), and the environment must not undo it unseen.
 */
export function checkHostKeys(sshOptions: readonly string[], field: string, report: Report): void {
  // An option and its value are two items, or one.
  const text = sshOptions.join(" ");
  const [, strict, how, local, yes] = UNCHECKED.exec(text) ?? [];
  const option = strict ?? local;
  if (option !== undefined) {
    report(
      field,
      `${option}=${how ?? yes ?? ""} takes servers whose host key nobody has checked: leave it out, and add the keys to known_hosts ("npx pg-dist doctor" prints how); or, on a test bed, say allowUncheckedHostKeys: true`,
    );
    return;
  }
  const [, file, none] = FORGETFUL.exec(text) ?? [];
  if (file !== undefined) {
    report(
      field,
      `${file}=${none ?? ""} remembers no host key, so that every server is an unknown one: leave it out, or say ${file}=none where the machine's own list has the keys (/etc/ssh/ssh_known_hosts); or, on a test bed, say allowUncheckedHostKeys: true`,
    );
  }
}

import { describe, expect, it } from "vitest";
import { problemsOf, refused, withHost } from "./refused";

describe("ssh options that turn the check of host keys off", () => {
  const KEYS =
    'takes servers whose host key nobody has checked: leave it out, and add the keys to known_hosts ("npx pg-dist doctor" prints how); or, on a test bed, say allowUncheckedHostKeys: true';
  const withOptions = (sshOptions: readonly string[], allowUncheckedHostKeys?: boolean) =>
    withHost({
      connection: "ssh://root@10.0.0.2",
      sshOptions,
      ...(allowUncheckedHostKeys === undefined ? {} : { allowUncheckedHostKeys }),
    });

  for (const [options, option] of [
    [["-o", "StrictHostKeyChecking=no"], "StrictHostKeyChecking=no"],
    [["-o", "StrictHostKeyChecking accept-new"], "StrictHostKeyChecking=accept-new"],
    [["-ostricthostkeychecking=OFF"], "stricthostkeychecking=OFF"],
    [["-4o", 'StrictHostKeyChecking = "no"'], "StrictHostKeyChecking=no"],
    [["-o", "NoHostAuthenticationForLocalhost=yes"], "NoHostAuthenticationForLocalhost=yes"],
    [["-o", "ProxyCommand=ssh -o StrictHostKeyChecking=no -W %h:%p bastion"], "StrictHostKeyChecking=no"],
  ] as const) {
    refused(options.join(" "), withOptions(options), `hosts.b.sshOptions: ${option} ${KEYS}`);
  }

  refused(
    "a list of known hosts that remembers none",
    withOptions(["-o", "UserKnownHostsFile=/dev/null"]),
    "hosts.b.sshOptions: UserKnownHostsFile=/dev/null remembers no host key, so that every server is an unknown one: leave it out, or say UserKnownHostsFile=none where the machine's own list has the keys (/etc/ssh/ssh_known_hosts); or, on a test bed, say allowUncheckedHostKeys: true",
  );

  it("are taken where the environment allows it", () => {
    const options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
    expect(problemsOf(withOptions(options, true))).toEqual([]);
  });

  it.each([
    [["-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=/etc/citus/known_hosts"]],
    [["-o", "GlobalKnownHostsFile=/dev/null", "-o", "UserKnownHostsFile=none"]],
    [["-J", "ops@bastion.example.com", "-i", "/home/no/id"]],
  ])("are not %j", (options) => {
    expect(problemsOf(withOptions(options))).toEqual([]);
  });
});

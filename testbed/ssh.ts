import { chmodSync, mkdirSync, readFileSync, writeFileSync, appendFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command";
import { runDirectory } from "./state";

/** The keys of a testbed: one that opens every host, and one that each host shows. */
export class Keys {
  private readonly directory: string;

  private constructor(id: string) {
    this.directory = join(runDirectory(id), "ssh");
  }

  static async create(id: string): Promise<Keys> {
    const keys = new Keys(id);
    mkdirSync(keys.directory, { recursive: true, mode: 0o700 });
    await generate(join(keys.directory, "id"));
    writeFileSync(join(keys.directory, "known_hosts"), "");
    writeWrapper(join(keys.directory, "bin"), keys.options);
    return keys;
  }

  /**
   * Arguments of `ssh` that reach the hosts as root without a question: our key and list of known hosts only, nothing
   * from the user's own configuration. No item has a blank in it.
   */
  get options(): string[] {
    return [
      ...["-F", "none", "-i", join(this.directory, "id")],
      ...option("IdentitiesOnly", "yes"),
      ...option("UserKnownHostsFile", join(this.directory, "known_hosts")),
      ...option("GlobalKnownHostsFile", "/dev/null"),
      ...option("StrictHostKeyChecking", "yes"),
      ...option("BatchMode", "yes"),
      ...option("ConnectTimeout", "10"),
    ];
  }

  /** A directory with an `ssh` that adds these options, for tools that can't be given any (`docker -H ssh://...`). */
  get binDirectory(): string {
    return join(this.directory, "bin");
  }

  /** Puts a host's sshd configuration and keys into `directory` (its /etc/ssh) and its key into the known hosts. */
  async prepareHost(directory: string, address: string): Promise<void> {
    mkdirSync(directory, { recursive: true });
    const key = join(directory, "testbed_host_key");
    await generate(key);
    const authorized = join(directory, "testbed_authorized_keys");
    writeFileSync(authorized, readFileSync(join(this.directory, "id.pub")), { mode: 0o600 });
    writeFileSync(join(directory, "sshd_config"), sshdConfig(address));
    appendFileSync(join(this.directory, "known_hosts"), `${address} ${readFileSync(`${key}.pub`, "utf8")}`);
  }
}

const option = (name: string, value: string) => ["-o", `${name}=${value}`];

async function generate(file: string): Promise<void> {
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "pg-dist-testbed", "-f", file]);
}

// MaxStartups and the like keep the defaults of a real server: what only works with more must fail here too.
function sshdConfig(address: string): string {
  return [
    `ListenAddress ${address}`,
    "HostKey /etc/ssh/testbed_host_key",
    "AuthorizedKeysFile /etc/ssh/testbed_authorized_keys",
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "UseDNS no",
    "PidFile none",
    "",
  ].join("\n");
}

function writeWrapper(directory: string, options: readonly string[]): void {
  mkdirSync(directory);
  const wrapper = join(directory, "ssh");
  writeFileSync(wrapper, `#!/bin/sh\nexec /usr/bin/ssh ${options.join(" ")} "$@"\n`);
  chmodSync(wrapper, 0o755);
}

import { Resolver } from "node:dns/promises";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NamespaceHolder } from "./namespace";
import { runDirectory } from "./state";

/** How long the server may take to read its names again: many seconds on a busy machine. */
const PATIENCE_MS = 60_000;

/** The testbed's name server: a dnsmasq that knows the names below and answers NXDOMAIN to every other. */
export class NameServer {
  private readonly names = new Map<string, string>();
  private readonly resolver = new Resolver({ timeout: 2_000, tries: 4 });
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly file: string,
    private readonly holder: NamespaceHolder,
    address: string,
  ) {
    this.resolver.setServers([address]);
  }

  /** The command that serves `id`'s names at an address. */
  static command(id: string, address: string): string[] {
    const file = hostsFile(id);
    writeFileSync(file, "");
    return [
      "dnsmasq",
      "--keep-in-foreground",
      "--conf-file=/dev/null",
      "--user=root",
      "--pid-file",
      "--no-resolv",
      "--no-hosts",
      `--addn-hosts=${file}`,
      "--address=/#/", // NXDOMAIN for names that nobody set
      "--bind-interfaces",
      "--except-interface=lo",
      `--listen-address=${address}`,
    ];
  }

  static async attach(id: string, address: string, holder: NamespaceHolder): Promise<NameServer> {
    const server = new NameServer(hostsFile(id), holder, address);
    await server.settled("nobody.invalid", undefined);
    return server;
  }

  /** Lets a name mean an address; returns when the server answers so. */
  async set(name: string, address: string): Promise<void> {
    await this.change(name, address);
  }

  /** Forgets a name; returns when the server answers NXDOMAIN. */
  async remove(name: string): Promise<void> {
    await this.change(name, undefined);
  }

  /** The address that the server gives for a name, undefined when it knows none. */
  async lookup(name: string): Promise<string | undefined> {
    try {
      return (await this.resolver.resolve4(name))[0];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOTFOUND") return undefined;
      throw error;
    }
  }

  private async change(name: string, address: string | undefined): Promise<void> {
    // One after the other: each writes the whole file.
    const change = this.last.then(async () => {
      if (address === undefined) this.names.delete(name);
      else this.names.set(name, address);
      const lines = [...this.names].map(([name, address]) => `${address} ${name}\n`);
      writeFileSync(`${this.file}.new`, lines.join(""));
      renameSync(`${this.file}.new`, this.file);
      this.holder.send("reload");
      await this.settled(name, address);
    });
    this.last = change.catch(() => undefined);
    await change;
  }

  private async settled(name: string, address: string | undefined): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await this.lookup(name).catch((error: unknown) => String(error));
      if (answer === address) return;
      if (Date.now() > deadline) {
        throw new Error(
          `The testbed's name server says ${answer} for ${name}, not ${address ?? "NXDOMAIN"}.`,
        );
      }
      await sleep(20);
    }
  }
}

const hostsFile = (id: string) => join(runDirectory(id), "hosts");

import { mkdirSync } from "node:fs";
import { removeAtExit, removedAlready, removeTestbed, sweepTestbeds } from "./cleanup";
import { NameServer } from "./dns";
import { TestHost } from "./test-host";
import { setTcpBlock, type Source } from "./firewall";
import { copyImages, imageId, prepareTemplate, type HostImage } from "./image-template";
import { withLock } from "./lock";
import { findFreeSubnet, nameServerOf, Network } from "./network";
import { Keys } from "./ssh";
import { newState, runDirectory, writeState, type TestbedState } from "./state";
import { ensureTools } from "./tools";

/** `blockTcp` from the machine that runs Terraform and the tests. */
export const ROOT_NAMESPACE = "root";

export interface TestbedOptions {
  /** Ids of the hosts: lower case letters, digits and hyphens. */
  hosts: readonly string[];
  /**
   * Names of a host on the testbed's network.
   *
   * @default `<id>.example.com` for each host
   */
  names?: Readonly<Record<string, readonly string[]>>;
  /** The parts of this run (see parts.ts): their image is on every host. */
  parts?: { image: HostImage };
  /** Those of the hosts whose engine listens at a port as well, for clients with a certificate. @default none */
  tls?: readonly string[];
  /** Further images of the local engine that every host shall have. */
  images?: readonly string[];
  /**
   * Receives progress lines.
   *
   * @default nothing is said
   */
  log?: (line: string) => void;
}

/**
 * Several Docker hosts on one machine, reached over ssh like servers. Needs root. It ends with `stop()`, with the
 * process that started it, or at the next start of any testbed, whichever comes first.
 */
export class Testbed {
  /** The hosts by id. */
  readonly hosts: Record<string, TestHost> = {};

  private constructor(
    readonly state: TestbedState,
    private readonly options: TestbedOptions,
    private readonly network: Network,
    private readonly keys: Keys,
    /** The testbed's name server. */
    readonly dns: NameServer,
    private readonly template: string | undefined,
  ) {}

  /** Starts the hosts and returns when their engines and sshds answer. Removes what dead testbeds left before. */
  static async start(options: TestbedOptions): Promise<Testbed> {
    const log = options.log ?? (() => undefined);
    await ensureTools(log);
    await Testbed.sweep();
    const state = newState();
    const subnet = await withLock("subnets", async () => {
      state.subnet = await findFreeSubnet();
      writeState(state);
      return state.subnet;
    });
    removeAtExit(state);
    try {
      const images = imagesOf(options);
      const template = images.length === 0 ? undefined : await prepareTemplate(state, images, log);
      mkdirSync(runDirectory(state.id), { recursive: true });
      const [keys, network] = await Promise.all([
        Keys.create(state.id),
        Network.start(state, subnet, NameServer.command(state.id, nameServerOf(subnet))),
      ]);
      const dns = await NameServer.attach(state.id, network.nameServer, network.holder);
      const bed = new Testbed(state, options, network, keys, dns, template);
      await Promise.all(options.hosts.map((id) => bed.addHost(id)));
      return bed;
    } catch (error) {
      const left = remove(state);
      if (left.length > 0) log(`the testbed left something behind: ${left.join(", ")}`);
      throw error;
    }
  }

  /** Removes what testbeds left whose owner died; returns their ids. */
  static async sweep(): Promise<string[]> {
    return withLock("sweep", sweepTestbeds);
  }

  get id(): string {
    return this.state.id;
  }

  /** Arguments of `ssh`, also the provider's `ssh_opts`: they open every host without a question. */
  get sshOptions(): string[] {
    return this.keys.options;
  }

  /** Environment for tools that start `ssh` without options of ours, such as `docker -H ssh://...`. */
  get sshEnvironment(): { PATH: string } {
    return { PATH: `${this.keys.binDirectory}:${process.env.PATH ?? ""}` };
  }

  /** The address from which the hosts see Terraform and the tests. */
  get rootAddress(): string {
    return this.network.rootAddress;
  }

  /** Adds a host like those that `start` made. */
  async addHost(id: string): Promise<TestHost> {
    if (!/^[a-z][a-z0-9-]{0,29}$/.test(id)) {
      throw new Error(
        `${id} can't be a test host's id: use up to 30 lower case letters, digits and hyphens.`,
      );
    }
    if (id in this.hosts) throw new Error(`The testbed has a host ${id} already.`);
    const dnsNames = this.options.names?.[id] ?? [`${id}.example.com`];
    const host = await TestHost.start({
      state: this.state,
      id,
      dnsNames,
      network: this.network,
      keys: this.keys,
      template: this.template,
      tls: this.options.tls?.includes(id) ?? false,
    });
    this.hosts[id] = host;
    for (const name of dnsNames) await this.dns.set(name, host.address);
    return host;
  }

  /** Gives every host an image of the local engine. Quick only for images known at the start (see TestbedOptions). */
  async loadImage(tag: string): Promise<void> {
    const wanted = await imageId(tag);
    if (wanted === undefined)
      throw new Error(`The local Docker engine has no image ${tag}: pull or build it first.`);
    for (const host of Object.values(this.hosts)) {
      if ((await imageId(tag, host.socket)) !== wanted) await copyImages([tag], host.socket);
    }
  }

  /** Cuts a host off: nobody reaches it and it reaches nobody, packets are lost. `docker()` and `exec()` still work. */
  async cut(host: string): Promise<void> {
    await this.network.setLink(this.host(host).id, "down");
  }

  /** Ends `cut`. */
  async restore(host: string): Promise<void> {
    await this.network.setLink(this.host(host).id, "up");
  }

  /**
   * Drops TCP packets to a port of host `to` that come from host `from` (or "root", the machine that runs Terraform).
   * A host can be kept from its own published port too.
   */
  async blockTcp(from: string, to: string, port: number): Promise<void> {
    await setTcpBlock(this.host(to), this.source(from, to), port, true);
  }

  /** Ends one `blockTcp` of the same arguments. */
  async unblock(from: string, to: string, port: number): Promise<void> {
    await setTcpBlock(this.host(to), this.source(from, to), port, false);
  }

  /**
   * Removes hosts, containers, volumes and network.
   *
   * @throws with a list when something is left
   */
  async stop(): Promise<void> {
    const left = remove(this.state);
    if (left.length > 0) throw new Error(`Testbed ${this.id} left something behind:\n${left.join("\n")}`);
  }

  private source(from: string, to: string): Source {
    if (from === to) return "itself";
    return { address: from === ROOT_NAMESPACE ? this.rootAddress : this.host(from).address };
  }

  private host(id: string): TestHost {
    const host = this.hosts[id];
    if (host === undefined)
      throw new Error(`The testbed has no host ${id}, only ${Object.keys(this.hosts).join(", ")}.`);
    return host;
  }
}

function imagesOf(options: TestbedOptions): HostImage[] {
  return [...(options.parts ? [options.parts.image] : []), ...(options.images ?? []).map((tag) => ({ tag }))];
}

function remove(state: TestbedState): string[] {
  const left = removeTestbed(state);
  removedAlready(state);
  return left;
}

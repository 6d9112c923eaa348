import { join } from "node:path";
import { run } from "./command";
import { holdNamespaces, type NamespaceHolder } from "./namespace";
import { readStates, runDirectory, writeState, type TestbedState } from "./state";

/**
 * The network between the hosts: a bridge in a namespace of its own, out of reach of the machine's firewall rules
 * (Docker sets the root namespace's FORWARD policy to DROP). A veth pair leads to it from the root namespace.
 */
export class Network {
  private readonly ports = new Map<string, string>();

  private constructor(
    readonly subnet: string,
    readonly holder: NamespaceHolder,
  ) {}

  /** The root namespace's own address on this network. */
  get rootAddress(): string {
    return `${this.subnet}.1`;
  }

  /** Where the name server listens. */
  get nameServer(): string {
    return nameServerOf(this.subnet);
  }

  /** Starts the bridge; `nameServer` is the command that serves names in its namespace. */
  static async start(state: TestbedState, subnet: string, nameServer: readonly string[]): Promise<Network> {
    const uplink = `pgd-${state.id}`;
    const log = join(runDirectory(state.id), "dnsmasq.log");
    const script = join(__dirname, "network-init.sh");
    const holder = await holdNamespaces(["net", "pid"], script, nameServer, log);
    state.processes.push(...holder.processes);
    state.namespaces.push(...holder.namespaces);
    state.uplink = uplink;
    writeState(state);
    const network = new Network(subnet, holder);
    await run("ip", [
      "link",
      "add",
      uplink,
      "type",
      "veth",
      "peer",
      "name",
      "root",
      "netns",
      `${holder.pid}`,
    ]);
    await ipBatch(holder, [
      "link set lo up",
      "link add br0 type bridge forward_delay 0",
      "link set root master br0 up",
      `address add ${network.nameServer}/24 dev br0`,
      "link set br0 up",
    ]);
    await run("ip", ["address", "add", `${network.rootAddress}/24`, "dev", uplink]);
    await run("ip", ["link", "set", uplink, "up"]);
    holder.send("go");
    return network;
  }

  /** Gives a host its address, before it is connected. */
  assignAddress(host: string): string {
    const number = this.ports.size + 1;
    this.ports.set(host, `host${number}`);
    return `${this.subnet}.${number + 10}`;
  }

  /** Connects a host's namespaces. */
  async connect(host: string, address: string, namespaces: NamespaceHolder): Promise<void> {
    const port = this.portOf(host);
    await ipBatch(this.holder, [
      `link add ${port} type veth peer name eth0 netns ${namespaces.pid}`,
      `link set ${port} master br0 up`,
    ]);
    await ipBatch(namespaces, ["link set lo up", `address add ${address}/24 dev eth0`, "link set eth0 up"]);
  }

  /** Takes a host's link down (or up again), as if its cable were pulled. */
  async setLink(host: string, state: "up" | "down"): Promise<void> {
    await ipBatch(this.holder, [`link set ${this.portOf(host)} ${state}`]);
  }

  private portOf(host: string): string {
    const port = this.ports.get(host);
    if (port === undefined) throw new Error(`Host ${host} is not on this testbed's network.`);
    return port;
  }
}

export const nameServerOf = (subnet: string) => `${subnet}.2`;

async function ipBatch(namespaces: NamespaceHolder, commands: readonly string[]): Promise<void> {
  await namespaces.run("ip", ["-batch", "-"], { input: commands.join("\n") });
}

/**
 * A /24 below 10.0.0.0/8 (its first three bytes) that neither a route of this machine nor another testbed uses. Call it
 * while you hold the lock under which the result is written down.
 */
export async function findFreeSubnet(): Promise<string> {
  const routes = await run("ip", ["-4", "route", "show", "table", "all"]);
  const used = readStates().map((state) => state.subnet);
  for (let attempt = 0; attempt < 1000; attempt++) {
    const subnet = `10.${100 + Math.floor(Math.random() * 100)}.${Math.floor(Math.random() * 256)}`;
    const mentioned = new RegExp(`\\b${subnet.replaceAll(".", "\\.")}\\.`).test(routes);
    // A wider route covers many /24s: leave the whole 10.x alone then.
    const covered = new RegExp(
      `\\b${subnet.split(".").slice(0, 2).join("\\.")}\\.\\d+\\.\\d+/(8|9|1\\d|2[0-3])\\b`,
    );
    if (!mentioned && !covered.test(routes) && !used.includes(subnet)) return subnet;
  }
  throw new Error("No free /24 in 10.100.0.0 to 10.199.255.0: too many routes or testbeds (see `ip route`).");
}

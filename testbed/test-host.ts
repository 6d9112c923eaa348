import { connect } from "node:net";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command";
import {
  engineAnswers,
  makeDirectories,
  makeEngineNamespace,
  until,
  type HostDirectories,
} from "./engine-namespace";
import { type ClientMaterial, createEngineCertificates } from "./engine-certificates";
import { fillFromTemplate } from "./image-template";
import type { NamespaceHolder } from "./namespace";
import type { Network } from "./network";
import type { Keys } from "./ssh";
import type { TestbedState } from "./state";

/** Docker's own for TLS. */
const TLS_PORT = 2376;

/** A test server: its own network, processes, /etc, /run, /root, /srv and /tmp, with a Docker engine and sshd. */
export class TestHost {
  private constructor(
    readonly id: string,
    /** IPv4 address; the root namespace and all other hosts reach it. */
    readonly address: string,
    /** Every name that the testbed's name server has for this host, the first is `name`. */
    readonly dnsNames: readonly string[],
    private readonly directories: HostDirectories,
    /** What `exec` enters. */
    readonly namespaces: NamespaceHolder,
    /** What a client needs at `tlsConnection`; undefined where the engine doesn't listen there. */
    readonly tls: ClientMaterial | undefined,
  ) {}

  /** Its name on the testbed's network, e.g. `server-a.example.com`. */
  get name(): string {
    return this.dnsNames[0] ?? this.id;
  }

  /** Its engine as Terraform and the docker CLI reach it; with the testbed's ssh options. */
  get connection(): string {
    return `ssh://root@${this.address}`;
  }

  /** Its engine at a port, which takes only clients with a certificate (`--tlsverify`). */
  get tlsConnection(): string {
    return `tcp://${this.address}:${TLS_PORT}`;
  }

  /** Its engine's socket, usable from the root namespace; stays usable when the host's network is cut. */
  get socket(): string {
    return this.directories.socket;
  }

  static async start(options: {
    state: TestbedState;
    id: string;
    dnsNames: readonly string[];
    network: Network;
    keys: Keys;
    template: string | undefined;
    /** Whether its engine listens at `tlsConnection`, too. */
    tls: boolean;
  }): Promise<TestHost> {
    const { state, id, network, template } = options;
    const directories = makeDirectories(state.id, id);
    const address = network.assignAddress(id);
    writeFileSync(join(directories.etc, "resolv.conf"), `nameserver ${network.nameServer}\n`);
    writeFileSync(join(directories.etc, "hosts"), `127.0.0.1 localhost\n127.0.1.1 ${id}\n`);
    mkdirSync(join(directories.etc, "ssh"));
    await options.keys.prepareHost(join(directories.etc, "ssh"), address);
    if (template !== undefined) fillFromTemplate(template, directories.docker);

    const certificates = join(directories.etc, "docker", "tls");
    const tls = options.tls ? await createEngineCertificates(certificates, address) : undefined;
    const settings = tls === undefined ? {} : tlsSettings(address);
    const namespaces = await makeEngineNamespace(state, id, directories, template, settings);
    await network.connect(id, address, namespaces);
    namespaces.send("go");
    await engineAnswers(id, directories, namespaces);
    await until(namespaces, () => accepts(address, 22), `The sshd of ${id}`, directories);
    return new TestHost(id, address, options.dnsNames, directories, namespaces, tls);
  }

  /** Runs the docker CLI on this host's engine, over its socket. */
  async docker(...args: string[]): Promise<string> {
    return run("docker", ["--host", `unix://${this.socket}`, ...args]);
  }

  /** Runs a command on this host, as root. */
  async exec(command: string, ...args: string[]): Promise<string> {
    return this.namespaces.run(command, args);
  }
}

function tlsSettings(address: string): Record<string, unknown> {
  const file = (name: string) => `/etc/docker/tls/${name}.pem`;
  return {
    hosts: ["unix:///var/run/docker.sock", `tcp://${address}:${TLS_PORT}`],
    tlsverify: true,
    tlscacert: file("ca"),
    tlscert: file("server-cert"),
    tlskey: file("server-key"),
  };
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const answer = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.on("connect", answer(true)).on("error", answer(false)).on("timeout", answer(false));
  });
}

import { readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { SshConnection, sshArguments } from "./ssh-connection";

/** An unused connection is kept this long: dialling through ssh takes about half a second. */
const IDLE_MS = 10_000;

/** Where a Docker engine is and how to get there: the arguments of the real provider. */
export interface DockerAddress {
  /** unix:///path, tcp://host:port or ssh://user@host[:port]. */
  host: string;
  sshOpts: string[];
  ca: string;
  cert: string;
  key: string;
  /** Directory with ca.pem, cert.pem and key.pem. */
  certPath: string;
}

function tlsOptions(address: DockerAddress): tls.SecureContextOptions | undefined {
  const { ca, cert, key, certPath } = address;
  if (cert || key) {
    if (!cert || !key) throw new Error("cert_material and key_material must be given together.");
    if (certPath) throw new Error("cert_path must not be given beside cert_material.");
    return { cert, key, ...(ca ? { ca } : {}) };
  }
  if (!certPath) return undefined;
  const file = (name: string) => readFileSync(path.join(certPath, name), "utf8");
  return { ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") };
}

function dialler(address: DockerAddress): () => Duplex {
  const url = new URL(address.host);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const options = tlsOptions(address); // certificates win over ssh, as in the real provider
  if (options && url.protocol === "tcp:") {
    // Without a CA the real provider doesn't verify the engine's certificate.
    const rejectUnauthorized = options.ca !== undefined;
    const servername = net.isIP(hostname) ? "" : hostname;
    return () =>
      tls.connect({ host: hostname, port: Number(url.port), servername, rejectUnauthorized, ...options });
  }
  if (options)
    throw new Error(`A certificate is given, so the Docker host must be tcp://..., not ${address.host}.`);
  if (url.protocol === "unix:") return () => net.connect(url.pathname);
  if (url.protocol === "tcp:") return () => net.connect(Number(url.port), hostname);
  if (url.protocol === "ssh:") {
    const args = sshArguments(url, address.sshOpts);
    return () => new SshConnection(args);
  }
  throw new Error(`The Docker host ${address.host} has no known scheme; use unix://, tcp:// or ssh://.`);
}

/** An agent that dials with `dial`. Node documents createConnection as the way; its types of version 20 lack it. */
function agent(dial: () => Duplex): http.Agent {
  return Object.assign(new http.Agent({ keepAlive: true, timeout: IDLE_MS }), { createConnection: dial });
}

const agents = new Map<string, http.Agent>();

/**
 * The pool of connections to a Docker engine. It is shared by all provider configurations with the same address:
 * Terraform configures a provider anew for every walk of its graph.
 */
export function connectionPool(address: DockerAddress): http.Agent {
  const name = JSON.stringify(address);
  const known = agents.get(name) ?? agent(dialler(address));
  agents.set(name, known);
  return known;
}

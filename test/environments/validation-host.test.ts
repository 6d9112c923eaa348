import { describe } from "vitest";
import type { DockerHostOptions } from "../../environments/environment";
import { refused, withHost } from "./refused";
import { minimal } from "./samples";

describe("a Docker host", () => {
  const FORMS = "ssh://user@host[:port], tcp://host:2376 or unix:///var/run/docker.sock";
  refused(
    "a Docker host's id that can't be in an address",
    {
      ...minimal,
      hosts: { Server_A: minimal.hosts.here as DockerHostOptions },
      coordinator: { host: "Server_A" },
    },
    `hosts.Server_A: "Server_A" must start with a letter and hold only a-z, 0-9 and "-" (40 at most): it is part of Terraform addresses.`,
  );
  refused(
    "a connection of another scheme",
    withHost({ connection: "http://10.0.0.2:2375" }),
    `hosts.b.connection: "http://..." is not a Docker connection: write ${FORMS}.`,
  );
  refused(
    "a connection that is no URL",
    withHost({ connection: "10.0.0.2" }),
    `hosts.b.connection: this text is not a Docker connection: write ${FORMS}.`,
  );
  refused(
    "a password in a connection",
    withHost({ connection: "ssh://root:not-shown@10.0.0.2" }),
    `hosts.b.connection: holds a password: ssh takes keys (~/.ssh/config, sshOptions); write ${FORMS}.`,
  );
  refused(
    "a connection without a host",
    withHost({ connection: "ssh:///" }),
    `hosts.b.connection: "ssh:///" names no host: write ${FORMS}.`,
  );
  refused(
    "a connection without a socket",
    withHost({ connection: "unix://" }),
    `hosts.b.connection: "unix://" names no socket: write ${FORMS}.`,
  );
  refused(
    "a plain tcp engine on the network",
    withHost({ connection: "tcp://10.0.0.2:2375" }),
    `hosts.b.tls: is missing: an engine on plain tcp:// gives root to whoever reaches the port. Say tls: "docker" and set TF_VAR_docker_ca, TF_VAR_docker_cert and TF_VAR_docker_key.`,
  );
  refused(
    "tls where ssh has its own",
    withHost({ tls: "docker" }),
    "hosts.b.tls: is for tcp:// connections, not ssh://: leave it out.",
  );
  refused(
    "tls that can't prefix a variable",
    withHost({ connection: "tcp://10.0.0.2:2376", tls: "Docker-1" }),
    `hosts.b.tls: "Docker-1" must be the prefix of Terraform variables: a-z, 0-9 and "_".`,
  );
  refused(
    "ssh options without ssh",
    withHost({ connection: "tcp://10.0.0.2:2376", tls: "docker", sshOptions: ["-v"] }),
    "hosts.b.sshOptions: is for ssh:// connections, not tcp://: leave it out.",
  );
  refused(
    "no address among several Docker hosts",
    withHost({ address: undefined }),
    "hosts.b.address: is missing: with several Docker hosts, give the private address that other nodes dial.",
  );
  refused(
    "an address that is none",
    withHost({ address: "10.0.0.300", bindAddress: "10.0.0.2" }),
    `hosts.b.address: "10.0.0.300" is neither an IP nor a host name.`,
  );
  refused(
    "all interfaces as the address",
    withHost({ address: "0.0.0.0", bindAddress: "10.0.0.2" }),
    `hosts.b.address: "0.0.0.0" can't be dialled: give this server's own address.`,
  );
  refused(
    "a name as the address, and no IP to bind",
    withHost({ address: "b.internal" }),
    `hosts.b.bindAddress: is missing: "b.internal" is a name, so say on which IP of the server its ports are published.`,
  );
  refused(
    "a name to bind",
    withHost({ bindAddress: "b.internal" }),
    `hosts.b.bindAddress: "b.internal" must be an IP of this server.`,
  );
  const OPT_IN = "Use its private address, or say allowPublicBind: true and have a firewall in front.";
  refused(
    "a bind on all interfaces",
    withHost({ bindAddress: "0.0.0.0" }),
    `hosts.b.bindAddress: "0.0.0.0" publishes on all interfaces, past ufw. ${OPT_IN}`,
  );
  refused(
    "a bind on a public address",
    withHost({ address: "203.0.113.7" }),
    `hosts.b.bindAddress: "203.0.113.7" is a public address, and published ports bypass ufw. ${OPT_IN}`,
  );
  refused(
    "a bind that others can't reach",
    withHost({ bindAddress: "127.0.0.1" }),
    `hosts.b.bindAddress: "127.0.0.1" can't be reached at 10.0.0.2: bind the server's private address.`,
  );
  for (const subnet of ["10.99.0.0", "10.99.0.1/24", "10.99.0.0/30", "8.8.8.0/24"]) {
    refused(
      `the subnet ${subnet}`,
      withHost({ subnet }),
      `hosts.b.subnet: "${subnet}" must be a private IPv4 network of /29 or larger, e.g. 10.213.7.0/24.`,
    );
  }
  refused(
    "a subnet that holds the server",
    withHost({ subnet: "10.0.0.0/24" }),
    "hosts.b.subnet: 10.0.0.0/24 holds the server's own address 10.0.0.2: choose another network.",
  );
  refused(
    "extraHosts with a name that is none",
    withHost({ extraHosts: { b_c: "10.0.0.2" } }),
    `hosts.b.extraHosts.b_c: "b_c" is not a host name.`,
  );
  refused(
    "extraHosts with an IPv6 address",
    withHost({ extraHosts: { "b.internal": "fd00::2" } }),
    `hosts.b.extraHosts.b.internal: "fd00::2" must be an IPv4 address.`,
  );
  refused(
    "a name server by name",
    withHost({ dns: ["dns.internal"] }),
    `hosts.b.dns: "dns.internal" must be the IP of a name server.`,
  );
  for (const dataPath of ["mnt/ssd", "/mnt/ssd/", "/mnt:ro"]) {
    refused(
      `the data path ${dataPath}`,
      withHost({ dataPath }),
      `hosts.b.dataPath: "${dataPath}" must be an absolute path of the server without a trailing "/" and ":".`,
    );
  }
});

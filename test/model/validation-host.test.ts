import { describe } from "vitest";
import type { DockerHostOptions } from "../../model/environment";
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
    `hosts.Server_A: "Server_A" must start with a letter and hold only a-z, 0-9 and "-" (40 at most): it is part of Terraform addresses`,
  );
  refused(
    "a connection of another scheme",
    withHost({ connection: "http://10.0.0.2:2375" }),
    `hosts.b.connection: "http://..." is not a Docker connection: write ${FORMS}`,
  );
  refused(
    "a connection that is no URL",
    withHost({ connection: "10.0.0.2" }),
    `hosts.b.connection: this text is not a Docker connection: write ${FORMS}`,
  );
  refused(
    "a password in a connection",
    withHost({ connection: "ssh://root:not-shown@10.0.0.2" }),
    `hosts.b.connection: contains a password: ssh takes keys (~/.ssh/config, sshOptions); write ${FORMS}`,
  );
  for (const [scheme, form, connections] of [
    [
      "ssh",
      "ssh://user@host[:port]",
      [
        ...["ssh:///", "ssh://@b", "SSH://root@b", "ssh:root@b", "ssh://root@b?x=1", "ssh://root@b#x"],
        // The provider would read this one as a socket on the server, our own ssh wouldn't.
        "ssh://root@b/run/docker.sock",
        ...["ssh://ro%zzot@b", "ssh://ro%00ot@b", "ssh://r%ffot@b", "ssh://-oProxyCommand=x@b", "ssh://-b"],
        ...[
          "ssh://root@b:0",
          "ssh://root@b:65536",
          "ssh://root@b\n",
          "ssh://root@b ",
          "ssh://root@[10.0.0.2]",
        ],
      ],
    ],
    ["tcp", "tcp://host:2376", ["tcp://", "tcp://b", "tcp://b:", "tcp://root@b:2376", "TCP://b:2376"]],
    [
      "unix",
      "unix:///var/run/docker.sock",
      [
        ...["unix://", "unix:///", "unix:/var/run/docker.sock", "unix://var/run/docker.sock"],
        ...[
          "unix:///var/run/",
          "unix:///run/docker.sock?x",
          "unix:///run/docker%2esock",
          "unix:///run/docker.sock\n",
        ],
      ],
    ],
  ] as const) {
    for (const connection of connections) {
      refused(
        `the ${scheme} connection ${JSON.stringify(connection)}`,
        withHost({ connection }),
        `hosts.b.connection: ${JSON.stringify(connection)} must have the form ${form}`,
      );
    }
  }
  refused(
    "a plain tcp engine on the network",
    withHost({ connection: "tcp://10.0.0.2:2375" }),
    `hosts.b.tls: is missing: an engine on plain tcp:// gives root to anyone who reaches the port; set tls: "docker", and TF_VAR_docker_ca, TF_VAR_docker_cert and TF_VAR_docker_key`,
  );
  refused(
    "tls where ssh has its own",
    withHost({ tls: "docker" }),
    "hosts.b.tls: is for tcp:// connections, not ssh://: leave it out",
  );
  refused(
    "tls that can't prefix a variable",
    withHost({ connection: "tcp://10.0.0.2:2376", tls: "Docker-1" }),
    `hosts.b.tls: "Docker-1" must be the prefix of Terraform variables: a-z, 0-9 and "_"`,
  );
  refused(
    "ssh options without ssh",
    withHost({ connection: "tcp://10.0.0.2:2376", tls: "docker", sshOptions: ["-v"] }),
    "hosts.b.sshOptions: is for ssh:// connections, not tcp://: leave it out",
  );
  refused(
    "no address among several Docker hosts",
    withHost({ address: undefined }),
    "hosts.b.address: is missing: with several Docker hosts, give the private address at which other nodes reach it",
  );
  refused(
    "an address that is none",
    withHost({ address: "10.0.0.300", bindAddress: "10.0.0.2" }),
    `hosts.b.address: "10.0.0.300" is neither an IPv4 address nor a host name`,
  );
  refused(
    "an IPv6 address, to which the cluster's networks have no way",
    withHost({ address: "fd00::2" }),
    `hosts.b.address: "fd00::2" can't be reached from the cluster's networks, which are IPv4: give an IPv4 address or a name`,
  );
  refused(
    "all interfaces as the address",
    withHost({ address: "0.0.0.0", bindAddress: "10.0.0.2" }),
    `hosts.b.address: "0.0.0.0" can't be reached: give this server's own address`,
  );
  refused(
    "a name as the address, and no IP to bind",
    withHost({ address: "b.internal" }),
    `hosts.b.bindAddress: is missing: "b.internal" is a name, so give the IP of the server on which its ports are published`,
  );
  refused(
    "a name to bind",
    withHost({ bindAddress: "b.internal" }),
    `hosts.b.bindAddress: "b.internal" must be an IP of this server`,
  );
  refused(
    "an IPv6 address to bind that other nodes would dial by IPv4",
    withHost({ bindAddress: "fd00::2" }),
    `hosts.b.bindAddress: "fd00::2" can't be reached by the other nodes, whose networks are IPv4: bind the server's private IPv4 address`,
  );
  refused(
    "an IPv6 address with a zone, which Docker doesn't read",
    { ...minimal, hosts: { here: { connection: "unix:///run/docker.sock", bindAddress: "fe80::1%eth0" } } },
    `hosts.here.bindAddress: "fe80::1%eth0" must be an IP of this server`,
  );
  const OPT_IN = "use its private address, or set allowPublicBind: true and put a firewall in front";
  refused(
    "a bind on all interfaces",
    withHost({ bindAddress: "0.0.0.0" }),
    `hosts.b.bindAddress: "0.0.0.0" publishes on all interfaces, bypassing ufw: ${OPT_IN}`,
  );
  refused(
    "a bind on a public address",
    withHost({ address: "203.0.113.7" }),
    `hosts.b.bindAddress: "203.0.113.7" is a public address, and published ports bypass ufw: ${OPT_IN}`,
  );
  refused(
    "a bind that others can't reach",
    withHost({ bindAddress: "127.0.0.1" }),
    `hosts.b.bindAddress: "127.0.0.1" can't be reached at 10.0.0.2: bind the server's private address`,
  );
  refused(
    "the same for a host that may be bound publicly",
    withHost({ bindAddress: "127.0.0.1", allowPublicBind: true }),
    `hosts.b.bindAddress: "127.0.0.1" can't be reached at 10.0.0.2: bind the server's private address`,
  );
  for (const subnet of [
    ...["10.99.0.0", "10.99.0.1/24", "10.99.0.0/30", "10.99.0.0/024", "10.99.0.0/24/5", "10.99.0.0/33"],
    ...["8.8.8.0/24", "127.0.0.0/24", "169.254.0.0/16", "10.0.0.0/7", "172.16.0.0/11", "0.0.0.0/0"],
  ]) {
    refused(
      `the subnet ${subnet}`,
      withHost({ subnet }),
      `hosts.b.subnet: "${subnet}" must be a private IPv4 network of /29 or larger, e.g. 10.213.7.0/24`,
    );
  }
  refused(
    "extraHosts with a name that is none",
    withHost({ extraHosts: { b_c: "10.0.0.2" } }),
    `hosts.b.extraHosts.b_c: "b_c" is not a host name`,
  );
  refused(
    "extraHosts with an IPv6 address",
    withHost({ extraHosts: { "b.internal": "fd00::2" } }),
    `hosts.b.extraHosts.b.internal: "fd00::2" must be an IPv4 address`,
  );
  refused(
    "a name server by name",
    withHost({ dns: ["dns.internal"] }),
    `hosts.b.dns: "dns.internal" must be the IP of a name server`,
  );
  for (const dataPath of ["mnt/ssd", "/mnt/ssd/", "/mnt:ro"]) {
    refused(
      `the data path ${dataPath}`,
      withHost({ dataPath }),
      `hosts.b.dataPath: "${dataPath}" must be an absolute path on the server, without ":" and without a trailing "/"`,
    );
  }
});

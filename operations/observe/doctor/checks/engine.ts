import type { ClusterHost } from "../../../../model/cluster";
import { describeLogin } from "../../../docker/docker-host";
import { type Finding, failed, ok } from "../finding";
import { type HostSnapshot, isUnreachable } from "../snapshot";

/** Whether a Docker host's engine answers, and new enough: the image's health check and the provider need 20.10. */
export function checkEngine({ host, engine }: HostSnapshot): Finding[] {
  const place = { check: "engine", where: host.id };
  if (isUnreachable(engine)) {
    const { unreachable } = engine;
    return [failed(place, `${host.connection}: ${unreachable}`, remedyFor(unreachable, host))];
  }
  const [major = 0, minor = 0] = engine.version.split(".").map((part) => parseInt(part, 10));
  const seen = `Docker ${engine.version} by ${host.connection}`;
  if (major < 20 || (major === 20 && minor < 10)) {
    return [failed(place, seen, "Docker 20.10 is the oldest that works: update it there")];
  }
  return [ok(place, seen)];
}

function remedyFor(text: string, host: ClusterHost): string {
  const known = KNOWN.find(({ pattern }) => pattern.test(text));
  return known?.remedy(host) ?? "see that the engine answers there";
}

const KNOWN: readonly { readonly pattern: RegExp; readonly remedy: (host: ClusterHost) => string }[] = [
  {
    pattern: /can't run (?:docker|ssh): /,
    remedy: ({ connection }) =>
      connection.startsWith("ssh:")
        ? "install the OpenSSH client on this machine"
        : "install Docker's command-line client on this machine",
  },
  {
    pattern: /This private key will be ignored/,
    remedy: () => "others may read the key's file, so ssh doesn't use it: chmod 600 FILE",
  },
  {
    pattern: /permission denied while trying to connect|docker\.sock: connect: permission denied/i,
    remedy: () => "the user may not use Docker there: sudo usermod -aG docker USER, then log in again",
  },
  {
    pattern: /Permission denied \(/,
    remedy: ({ connection }) => {
      // It knows fewer options than ssh.
      const copy = describeLogin({ connection, sshOptions: [] }).replace(/^ssh/, "ssh-copy-id");
      return `the server refuses the key for this user: ${copy}, or name the key in the host's sshOptions (-i FILE)`;
    },
  },
  {
    // Then ssh refuses it also by hand, and names the file and the line of the old one.
    pattern: /Host key for .* has changed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
    remedy: (host) =>
      `the server has another host key than before: compare it; where it is right, delete the old one by the ssh-keygen -R line that \`${describeLogin(host)}\` prints, then run that once by hand`,
  },
  {
    pattern: /Host key verification failed/,
    remedy: (host) =>
      `the server's host key is unknown: compare it, then \`${describeLogin(host)}\` once by hand`,
  },
  {
    pattern: /Could not resolve hostname/,
    remedy: () => "this machine can't resolve the name: correct the connection, or the DNS here",
  },
  {
    pattern: /Cannot connect to the Docker daemon|no such file or directory|connect: connection refused/i,
    remedy: () => "no engine runs there: sudo systemctl start docker",
  },
  {
    pattern: /docker: (command )?not found|command not found/,
    remedy: () => "Docker is not installed there (or not in that user's PATH): install Docker Engine",
  },
  {
    pattern: /Connection refused/,
    remedy: () => "the server is up but nothing listens on this ssh port: start sshd, or correct the port",
  },
  {
    pattern: /No route to host|Network is unreachable/,
    remedy: () => "the server is down, or there is no route to it from this machine",
  },
  {
    pattern: /no answer in|timed out/,
    remedy: () => "the server is down or cut off, or a firewall drops what this machine sends",
  },
];

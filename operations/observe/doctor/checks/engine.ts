import type { ClusterHost } from "../../../../model/cluster";
import { describeLogin } from "../../../docker/describe-docker";
import type { EngineErrorCode } from "../../../docker/engine/engine-failure";
import { trustHostKey } from "../../../docker/trust-host-key";
import { type Finding, failed, ok } from "../finding";
import { type HostInspection, isUnreachable } from "../inspection";
import type { Remedy } from "../../../base/remedy";

/** Whether a Docker host's engine answers, and new enough: the image's health check and the provider need 20.10. */
export function checkEngine({ host, engine }: HostInspection): Finding[] {
  const place = { check: "engine", where: host.id };
  if (isUnreachable(engine)) {
    const { unreachable, code = "failed" } = engine;
    return [failed(place, `${host.connection}: ${unreachable}`, remedyFor(code, host, unreachable))];
  }
  const [major = 0, minor = 0] = engine.version.split(".").map((part) => parseInt(part, 10));
  const seen = `Docker ${engine.version} by ${host.connection}`;
  if (major < 20 || (major === 20 && minor < 10)) {
    return [failed(place, seen, "Docker 20.10 is the oldest that works: update it there")];
  }
  return [ok(place, seen)];
}

function remedyFor(code: EngineErrorCode, host: ClusterHost, said: string): Remedy {
  const isSsh = host.connection.startsWith("ssh:");
  switch (code) {
    case "ssh-missing":
      return "install the OpenSSH client on this machine";
    case "ssh-key-file":
      return "others may read the key's file, so ssh doesn't use it: chmod 600 FILE";
    case "forbidden":
      return "the user may not use Docker there: sudo usermod -aG docker USER, then log in again";
    case "ssh-refused": {
      // It knows fewer options than ssh.
      const login = describeLogin({ connection: host.connection, sshOptions: [] });
      const copy = login.replace(/^ssh/, "ssh-copy-id");
      return `the server refuses the key for this user: ${copy}, or name the key in the host's sshOptions (-i FILE)`;
    }
    case "ssh-host-key":
    case "ssh-host-key-changed":
      return trustHostKey(host, said);
    case "unknown-name":
      return "this machine can't resolve the name: correct the connection, or the DNS here";
    case "engine-down":
      return "no engine runs there: sudo systemctl start docker";
    case "docker-missing":
      return "Docker is not installed there (or not in that user's PATH): install Docker Engine";
    case "connection-refused":
      return isSsh
        ? "the server is up but nothing listens on this ssh port: start sshd, or correct the port"
        : "the server is up but no engine listens on this port: start it with this port, or correct the port";
    case "no-route":
      return "the server is down, or there is no route to it from this machine";
    case "timeout":
      return "the server is down or cut off, or a firewall drops what this machine sends";
    case "tls":
      return `the engine's certificate, or that of this machine, is not accepted: compare both with TF_VAR_${host.tls ?? "docker"}_ca`;
    case "tls-material":
      return `set TF_VAR_${host.tls ?? "docker"}_ca, TF_VAR_${host.tls ?? "docker"}_cert and TF_VAR_${host.tls ?? "docker"}_key, as for Terraform`;
    case "connection-lost":
    case "ssh-failed":
    case "not-found":
    case "conflict":
    case "refused":
    case "unsupported":
    case "engine-error":
    case "failed":
      return "check that the engine answers there";
  }
}

import { expect, it } from "vitest";
import { explainSsh } from "../../../operations/docker/engine/explain-ssh";

it.each([
  ["root@a: Permission denied (publickey).", "ssh-refused"],
  [
    "Permissions 0644 for 'k' are too open.\nThis private key will be ignored.\nroot@a: Permission denied (publickey).",
    "ssh-key-file",
  ],
  ["Host key verification failed.", "ssh-host-key"],
  [
    "Host key for a has changed and you have requested strict checking.\nHost key verification failed.",
    "ssh-host-key-changed",
  ],
  ["ssh: Could not resolve hostname a: Name or service not known", "unknown-name"],
  [
    "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
    "forbidden",
  ],
  [
    "failed to open the raw stream connection: dial unix /var/run/docker.sock: connect: permission denied",
    "forbidden",
  ],
  [
    "failed to open the raw stream connection: dial unix /var/run/docker.sock: connect: no such file or directory",
    "engine-down",
  ],
  ["Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "engine-down"],
  ["sh: 1: docker: not found", "docker-missing"],
  ["ssh: connect to host a port 22: Connection refused", "connection-refused"],
  ["ssh: connect to host a port 22: No route to host", "no-route"],
  ["ssh: connect to host a port 22: Connection timed out", "timeout"],
  ["kex_exchange_identification: Connection closed by remote host", "connection-lost"],
  ["something else", "ssh-failed"],
])("ssh says: %s", (said, code) => {
  expect(explainSsh(said, 255)).toMatchObject({ code, message: said.replaceAll("\n", "; ") });
});

it("says nothing of a host that became known, nor of frames", () => {
  const said = "Warning: Permanently added 'a' (ED25519) to the list of known hosts.\n@@@@@@\nboom\n";
  expect(explainSsh(said, 1).message).toBe("boom");
  expect(explainSsh("", null).message).toBe("ssh ended with a signal");
});

import { expect, it } from "vitest";
import { trustHostKey } from "../../../operations/docker/trust-host-key";

it("forgets another key by the name and in the list that ssh says", () => {
  const said =
    "Offending ED25519 key in /srv/my keys/known_hosts:3; Host key for [10.0.0.2]:2222 has changed and you have requested strict checking.; Host key verification failed.";
  const host = { id: "a", connection: "ssh://root@10.0.0.2:2222", sshOptions: [] };
  expect(trustHostKey(host, said)).toContain(
    "run `ssh-keygen -R '[10.0.0.2]:2222' -f '/srv/my keys/known_hosts'`, then `ssh -o StrictHostKeyChecking=ask -o BatchMode=no -p 2222 root@10.0.0.2 true`",
  );
});

import { describe, expect, it } from "vitest";
import { DEFAULT_SSH_OPTIONS } from "../../../model/cluster";
import { describeDocker } from "../../../operations/docker/describe-docker";

describe("a docker command line for a person", () => {
  const describeStart = (connection: string, sshOptions: readonly string[]) =>
    describeDocker({ id: "server-a", connection, sshOptions }, ["start", "citus-worker1"]);

  it.each([
    ["unix:///var/run/docker.sock", [], "docker -H unix:///var/run/docker.sock start citus-worker1"],
    // Those that are the program's own are for a program: a person may be asked.
    ["ssh://root@a", DEFAULT_SSH_OPTIONS, "ssh root@a docker start citus-worker1"],
    ["ssh://a:2222", [], "ssh -p 2222 a docker start citus-worker1"],
    [
      "ssh://deploy@a:2222",
      ["-J", "bastion", "-i", "/home/me/my keys/id"],
      "ssh -J bastion -i '/home/me/my keys/id' -p 2222 deploy@a docker start citus-worker1",
    ],
    [
      "ssh://root@[2001:db8::1]",
      ["-o", "ProxyCommand=nc %h %p"],
      "ssh -o 'ProxyCommand=nc %h %p' root@2001:db8::1 docker start citus-worker1",
    ],
  ])("%s with %j", (connection, options, line) => {
    expect(describeStart(connection, options)).toBe(line);
  });
});

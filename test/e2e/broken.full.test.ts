import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import type { Finding } from "../fixtures/doctored-cluster";
import { examineEnvironment, problemsOf } from "../fixtures/doctored-cluster";
import { READ_COMMANDS } from "../fixtures/read-commands";
import { MOST_STARTS, runInTime } from "../run-in-time";
import { findParts, type Parts } from "../../testbed/parts";
import { ROOT_NAMESPACE, Testbed } from "../../testbed/testbed";
import { CommandProject } from "./command-project";
import { Deployment } from "./deployment";
import { hostOptions } from "./production-hosts";

/** The default of `--timeout`, in seconds. */
const TIMEOUT = 10;

const SERVERS = ["server-a", "server-b", "server-c"];

/**
 * What only several servers can break: ssh, the network between them, names. Each case says all that the doctor then
 * says is wrong. What one engine can show is in test/operations/observe/doctor/broken.e2e.test.ts.
 */
describe("a cluster on several servers, broken", () => {
  let parts: Parts;
  let bed: Testbed;
  let deployment: Deployment;
  let environment: Environment;
  let usual: readonly Finding[];

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    bed = await Testbed.start({ hosts: SERVERS, parts });
    environment = {
      name: "broken",
      hosts: Object.fromEntries(SERVERS.map((id) => [id, hostOptions(bed, id)])),
      coordinator: { host: "server-a" },
      workers: { "server-b": 1, "server-c": 1 },
      ephemeral: true,
    };
    deployment = new Deployment(environment, parts.env, parts.terraform.path);
    await deployment.applied();
    // The disk of a test machine may be nearly full.
    const findings = await examineEnvironment(environment, deployment.password, 30_000);
    expect(problemsOf(findings).filter((problem) => !problem.includes(" disk "))).toEqual([]);
    usual = findings.filter(({ check }) => check === "disk");
  });

  afterAll(async () => {
    await bed?.stop();
    deployment?.remove();
    await parts?.stop();
  });

  async function problems(changed = environment, timeoutMs = 30_000): Promise<string[]> {
    return problemsOf(await examineEnvironment(changed, deployment.password, timeoutMs), usual);
  }

  async function expectProblems(expected: readonly RegExp[], changed = environment): Promise<void> {
    expect(await problems(changed)).toEqual(
      expected.map((pattern) => expect.stringMatching(pattern) as string),
    );
  }

  const nodes = ["server-a/coordinator", "server-b/worker1", "server-c/worker1"];
  const unreached = (from: string, to: string, what: string) =>
    new RegExp(`^failed reachability ${from}: ${to}: .*${what}`);

  it("a server that is cut off: it is named, and so is who misses it", async () => {
    await bed.cut("server-c");
    const found = await problems();
    await bed.restore("server-c");
    expect(found).toEqual([
      expect.stringMatching(
        unreached("server-a/coordinator", "server-c/worker1", "(does not answer|no route)"),
      ),
      expect.stringMatching(unreached("server-b/worker1", "server-c/worker1", "(does not answer|no route)")),
      expect.stringMatching(/^failed engine server-c: ssh:\/\/root@\S+: .*(no answer in|timed out|No route)/),
    ]);
  });

  describe("every command that reads, while a server is cut off", () => {
    let project: CommandProject;
    beforeAll(async () => {
      project = new CommandProject(environment, deployment.password);
      await bed.cut("server-c");
    });
    afterAll(async () => {
      await bed.restore("server-c");
      project.remove();
    });

    it.each([...READ_COMMANDS, "rebalance plan", "doctor"])("%s names it in time", async (name) => {
      const [command = "", ...rest] = name.split(" ");
      const { outcome, startsBeyond } = await runInTime(project, TIMEOUT, [
        command,
        environment.name,
        ...rest,
      ]);
      const { code, output } = outcome;
      expect(output).toMatch(/server-c(\/worker1)?\b.*(does not answer|no answer|no route|timed out)/i);
      expect(code, output).toBe(command === "rebalance" ? 1 : 3);
      expect(startsBeyond).toBeLessThan(MOST_STARTS);
    });
  });

  it("a server that is back: nothing is wrong any more", async () => {
    await expect.poll(() => problems(), { timeout: 120_000, interval: 1000 }).toEqual([]);
  });

  it("a server whose ssh is filtered, while its node serves", async () => {
    await bed.blockTcp(ROOT_NAMESPACE, "server-c", 22);
    await expectProblems([/^failed engine server-c: .*(no answer in|timed out)/]);
    await bed.unblock(ROOT_NAMESPACE, "server-c", 22);
  });

  it("the coordinator's server without ssh: what is registered is still checked, over SQL", async () => {
    await bed.blockTcp(ROOT_NAMESPACE, "server-a", 22);
    const findings = await examineEnvironment(environment, deployment.password, 30_000);
    await bed.unblock(ROOT_NAMESPACE, "server-a", 22);
    expect(problemsOf(findings, usual)).toEqual([
      expect.stringMatching(/^failed engine server-a: .*(no answer in|timed out)/),
    ]);
    const registered = findings.filter(({ check }) => check === "registration");
    expect(registered.map(({ outcome, where }) => `${outcome} ${where}`)).toEqual(
      nodes.map((node) => `ok ${node}`),
    );
  });

  it("a server that refuses the key", async () => {
    const { "server-c": server } = environment.hosts;
    if (server === undefined) throw new Error("no server-c");
    const sshOptions = bed.sshOptions.map((option) => (option.endsWith("/id") ? "/dev/null" : option));
    const changed = {
      ...environment,
      hosts: { ...environment.hosts, "server-c": { ...server, sshOptions } },
    };
    await expectProblems([/^failed engine server-c: .*Permission denied \(publickey/], changed);
  });

  it("a port that is filtered between two workers", async () => {
    await bed.blockTcp("server-b", "server-c", 5432);
    await expectProblems([
      unreached("server-b/worker1", "server-c/worker1", "does not answer server-b/worker1"),
    ]);
    await bed.unblock("server-b", "server-c", 5432);
  });

  it("a coordinator that a worker doesn't reach", async () => {
    await bed.blockTcp("server-b", "server-a", 5432);
    await expectProblems([
      unreached("server-b/worker1", "server-a/coordinator", "does not answer server-b/worker1"),
    ]);
    await bed.unblock("server-b", "server-a", 5432);
  });

  it("a name that doesn't resolve", async () => {
    await bed.dns.remove("server-c.example.com");
    await expectProblems(
      nodes.map(
        (node) => new RegExp(`^failed names ${node}: in its container server-c.example.com does not resolve`),
      ),
    );
    await bed.dns.set("server-c.example.com", bed.hosts["server-c"]?.address ?? "");
  });

  it("a name that leads to another server", async () => {
    await bed.dns.set("server-c.example.com", bed.hosts["server-b"]?.address ?? "");
    await expectProblems(
      nodes.map(
        (node) =>
          new RegExp(`^failed reachability ${node}: server-c.example.com:5432 leads to another server`),
      ),
    );
    await bed.dns.set("server-c.example.com", bed.hosts["server-c"]?.address ?? "");
  });

  it("a container that is gone", async () => {
    await bed.hosts["server-c"]?.docker("rm", "-f", "citus-worker1");
    await expectProblems([/^failed container server-c\/worker1: there is no container citus-worker1/]);
  });
});

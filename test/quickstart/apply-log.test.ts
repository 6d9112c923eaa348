import { describe, expect, it } from "vitest";
import { createApplyLog } from "../../quickstart/apply-log";
import { remedyFor } from "../../quickstart/remedy";

/** Lines as cdktf 0.21 writes them into a pipe: a spinner that repaints, and Terraform's lines under the stack's name. */
const REPAINT = "\u001b[2K\u001b[1A\u001b[2K\u001b[1A\u001b[2K\u001b[G";
const STATUS = "\n\n1 Stack deploying     0 Stacks done     0 Stacks waiting\n";
const block = (...lines: string[]) =>
  `${REPAINT}local  ${lines
    .map((line) => (line === "" ? "" : `       ${line}`))
    .join("\n")
    .trimStart()}${STATUS}`;

function read(output: string, pieces = 1) {
  const shown: string[] = [];
  const log = createApplyLog("local", (line) => shown.push(line));
  const size = Math.ceil(output.length / pieces);
  for (let start = 0; start < output.length; start += size) log.write(output.slice(start, start + size));
  log.end();
  return { shown, log };
}

const CONTAINER = "docker_container.local_worker1 (local-workers/worker1/container)";
const REGISTRATION = "null_resource.registration (coordinator/registration/resource)";

describe("the output of cdktf", () => {
  const output = [
    `\u2839  Synthesizing\n${REPAINT}dist/pg-dist.mjs: 146 kB\n`,
    block("Initializing the backend...", "- Installing kreuzwerker/docker v4.5.0..."),
    block("docker_network.local (local/network): Refreshing state... [id=114b76]"),
    block(
      "Terraform will perform the following actions:",
      "",
      "  + env = (sensitive value)",
      "",
      "Plan: 15 to add, 0 to change, 0 to destroy.",
    ),
    block("docker_volume.local_worker1 (local-workers/worker1/data): Creating..."),
    block(
      "docker_volume.local_worker1 (local-workers/worker1/data): Creation complete after 0s [id=citus-worker1]",
    ),
    block(`${CONTAINER}: Creating...`),
    block(`${CONTAINER}: Still creating... [10s elapsed]`),
    block(`${CONTAINER}: Creation complete after 13s [id=2d6793]`),
    block(
      'null_resource.membership (coordinator/membership/resource)["local/worker1"]: Creation complete after 0s [id=84]',
    ),
    block(`${REGISTRATION}: Provisioning with 'local-exec'...`),
    block(`${REGISTRATION} (local-exec): Executing: ["/bin/sh" "-c" "node assets/pg-dist.mjs register"]`),
    block(`${REGISTRATION} (local-exec): [  1.2s] local/worker1: added as node 2`),
    block("Apply complete! Resources: 15 added, 0 changed, 0 destroyed.", "", "Outputs:"),
  ].join("");
  const expected = [
    "- Installing kreuzwerker/docker v4.5.0...",
    "Plan: 15 to add, 0 to change, 0 to destroy.",
    "docker_volume.local_worker1: Creation complete after 0s",
    "docker_container.local_worker1: Creating...",
    "docker_container.local_worker1: Still creating... [10s elapsed]",
    "docker_container.local_worker1: Creation complete after 13s",
    'null_resource.membership["local/worker1"]: Creation complete after 0s',
    "registration: [  1.2s] local/worker1: added as node 2",
    "Apply complete! Resources: 15 added, 0 changed, 0 destroyed.",
  ];

  it("is cut down to what happens to the cluster, with what the program for registration says", () => {
    expect(read(output).shown).toEqual(expected);
  });

  it("may come in pieces of any size", () => {
    expect(read(output, 97).shown).toEqual(expected);
  });

  it("holds no error", () => {
    const { log } = read(output);
    expect(log.verdict).toBeUndefined();
    expect(log.cause).toBeUndefined();
  });
});

describe("a failed run", () => {
  it("of the program gives the program's own last line", () => {
    const { log } = read(
      block(
        `${REGISTRATION} (local-exec): pg-dist: local/worker1: the password is wrong: set the right one`,
      ) +
        block(
          "Error: local-exec provisioner error",
          "",
          `  with ${REGISTRATION},`,
          "",
          "Error running command 'node ...': exit status 1. Output: pg-dist:",
          "local/worker1: the password is wrong: set the right one",
        ) +
        "Invoking Terraform CLI failed with exit code 1\n",
    );
    expect(log.verdict).toBe("local/worker1: the password is wrong: set the right one");
  });

  it("of the provider gives Terraform's error as one sentence, without its line breaks and places", () => {
    const { log } = read(
      block(
        "Error: Unable to start container: Error response from daemon: driver failed",
        "",
        `  with ${CONTAINER},`,
        "  on cdk.tf.json line 210, in resource.docker_container.local_worker1:",
        "",
      ) + block("Error: another one", "", "and more,", "on two lines"),
    );
    expect(log.cause).toBe("Unable to start container: Error response from daemon: driver failed");
    expect(log.detail).toContain("Error: another one");
    expect(log.detail).toContain("on two lines");
    expect(log.detail.join("\n")).not.toContain("Stacks");
  });

  it("includes the paragraph that says what is wrong", () => {
    const { log } = read(
      block(
        "Error: Invalid value for variable",
        "",
        "  on cdk.tf.json line 645, in variable:",
        "",
        "The password",
        "is missing.",
      ),
    );
    expect(log.cause).toBe("Invalid value for variable: The password is missing.");
  });

  it("of the synthesis gives what is wrong with the environments, without the stack trace", () => {
    const problems = (...lines: string[]) =>
      [
        "Command output on stderr:",
        "",
        "      /project/node_modules/cdktf/lib/errors.ts:216",
        "      Error: Validation failed with the following errors:",
        ...lines.map((line) => `        [local] ${line}`),
        "",
        "   at stackValidationFailure (/project/node_modules/cdktf/lib/errors.ts:216:3)",
        "",
      ].join("\n");
    const one = 'local: workers.locale: "locale" is not in hosts; known hosts: local.';
    expect(read(problems(one)).log).toMatchObject({ cause: one.slice(0, -1), detail: [one] });
    const two = "local: image: ...";
    expect(read(problems(one, two)).log).toMatchObject({
      cause: "2 problems in environments/",
      detail: [one, two],
    });
  });

  it("without an error that Terraform marks shows the last lines", () => {
    const { log } = read("one\n\ntwo\n\u280b  Synthesizing\nSyntaxError: Unexpected token\n");
    expect(log.cause).toBeUndefined();
    expect(log.detail).toEqual(["one", "two", "SyntaxError: Unexpected token"]);
  });
});

describe("the remedy", () => {
  it.each([
    ["Bind for 127.0.0.1:5432 failed: port is already allocated", /PGDIST_LOCAL_PORT/],
    ['Conflict. The container name "/citus-worker1" is already in use by container', /pg-dist recover local/],
    ["Error acquiring the state lock", /another run/],
    ["manifest unknown: manifest unknown", /docker pull/],
    ["could not connect to registry.terraform.io", /provider registry/],
    ["Pool overlaps with other one on this address space", /subnet/],
    ["write /data: no space left on device", /free some space/],
    ["something that nobody foresaw", /the details are below/],
  ])("for %j", (output, remedy) => {
    expect(remedyFor(output)).toMatch(remedy);
  });
});

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { applyOne, forgetMembership } from "../../../operations/base/terraform-command";

/** As cdktf rewrites each line of Terraform's output before it prints it. */
const { createEnhanceLogMessage } = createRequire(require.resolve("cdktf-cli/package.json"))(
  "@cdktf/cli-core/src/lib/execution-logs",
) as { createEnhanceLogMessage: (stack: { name: string; content: string }) => (line: string) => string };

const construct = (path: string) => ({ "//": { metadata: { path: `production/${path}` } } });

const printed = createEnhanceLogMessage({
  name: "production",
  content: JSON.stringify({
    resource: {
      docker_container: { "server-b_worker1": construct("worker-hosts/server-b/worker1/container") },
      null_resource: {
        guard: construct("coordinator/guard"),
        membership: construct("coordinator/membership"),
      },
    },
  }),
});

/** What a POSIX shell makes of a line. */
const words = (line: string) =>
  execFileSync("sh", ["-c", `printf '%s\\n' ${line}`], { encoding: "utf8" })
    .trimEnd()
    .split("\n");

test("a command line that cdktf has printed can be pasted into a shell", () => {
  const commands = [
    [applyOne("server-b/worker1", {}), ["terraform", "apply", "-target=docker_container.server-b_worker1"]],
    [
      forgetMembership("server-b/worker1", { TERRAFORM_BINARY_NAME: "tofu" }),
      ["tofu", "state", "rm", 'null_resource.membership["server-b/worker1"]'],
    ],
  ] as const;
  for (const [command, wanted] of commands) {
    const line = printed(`null_resource.guard (local-exec):   ${command}`);
    expect(line).toMatch(/^null_resource.guard \(coordinator\/guard\) \(local-exec\): {3}\S/);
    expect(words(line.replace(/^.*local-exec\):/, ""))).toEqual(wanted);
  }
});

test("cdktf would rewrite a plain address", () => {
  expect(printed("terraform apply -target=docker_container.server-b_worker1")).toBe(
    "terraform apply -target=docker_container.server-b_worker1 (worker-hosts/server-b/worker1/container)",
  );
});

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { escapeTemplate } from "../../constructs/escape-template";
import type { Environment } from "../../model/environment";
import { production } from "../../environments/production";
import { CitusStack } from "../../stacks/citus-stack";
import { clusterOf, maximal, server } from "../model/samples";
import { configurationOf, resourceAt, temporaryFolder, testApp } from "../synthesis";
import { initialize, requireTerraform } from "../terraform";

const TEMPLATES = [
  "${HOME}",
  "%{ if true }x%{ endif }",
  "$${x}",
  "100%",
  "$$",
  "%%{",
  "$",
  "a ${b} %{c} $${d} %%{e}",
];

/** Text that Terraform would take for templates, in every field that may hold any. */
const templates: Environment = clusterOf(
  { b: { worker1: { settings: { log_line_prefix: "%m [%p] ${own} %{own}" } } } },
  {
    hosts: {
      a: server(1),
      b: server(2, {
        dataPath: "/mnt/${disk}/%{x}",
        sshOptions: ["-o", "IdentityFile=${HOME}/.ssh/key", "-o", "User=%{r}"],
      }),
    },
    settings: { archive_command: "test ! -f /x/${f} && cp %p %{f}" },
  },
);

describe("template characters", () => {
  it("are doubled wherever an environment may hold them", () => {
    const configuration = configurationOf(templates);
    const container = resourceAt(configuration, "docker_container.b_worker1");
    expect(container.command).toContain("archive_command=test ! -f /x/$${f} && cp %p %%{f}");
    expect(container.command).toContain("log_line_prefix=%m [%p] $${own} %%{own}");
    expect(resourceAt(configuration, "docker_volume.b_worker1").driver_opts.device).toBe(
      "/mnt/$${disk}/%%{x}/citus-worker1",
    );
    expect(configuration.provider.docker[1]?.ssh_opts?.slice(0, 4)).toEqual([
      "-o",
      "IdentityFile=$${HOME}/.ssh/key",
      "-o",
      "User=%%{r}",
    ]);
    expect(resourceAt(configuration, "null_resource.guard").triggers.settings).toContain(
      "/x/$${f} && cp %p %%{f}",
    );
    expect(resourceAt(configuration, "null_resource.registration").triggers["start-up of b/worker1"]).toBe(
      "log_line_prefix=%m [%p] $${own} %%{own}",
    );
  });

  it.for(TEMPLATES)("are text again when Terraform has read them: %s", (text, context) => {
    const terraform = requireTerraform(context);
    const value = terraform(temporaryFolder(), ["console"], `jsonencode("${escapeTemplate(text)}")\n`);
    expect(JSON.parse(JSON.parse(value))).toBe(text);
  });
});

describe("terraform validate", () => {
  it.for([production, maximal, templates].map((each) => [each.name, each] as const))(
    "accepts %s",
    { timeout: 60_000 },
    ([name, environment], context) => {
      const terraform = requireTerraform(context);
      const app = testApp();
      new CitusStack(app, environment);
      app.synth();
      const folder = join(app.outdir, "stacks", name);
      initialize(terraform, folder, context);
      expect(JSON.parse(terraform(folder, ["validate", "-json"]))).toMatchObject({
        valid: true,
        diagnostics: [],
      });
    },
  );
});

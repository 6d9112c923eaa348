import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { run } from "../../../testbed/command";
import { startStandInProvider, type StandInProvider } from "../../../testbed/stand-in-provider/index";
import {
  makeImage,
  removeLeftovers,
  SOCKET,
  uniqueName,
} from "../../../testbed/stand-in-provider/test-engine";
import {
  TerraformWorkspace,
  type Configuration,
} from "../../../testbed/stand-in-provider/terraform-workspace";

const name = uniqueName();
const image = `${name}:1`;
const NODE = "docker_container.node";

let provider: StandInProvider;
let workspace: TerraformWorkspace;

beforeAll(async () => {
  await makeImage(image);
  provider = await startStandInProvider();
});
afterAll(async () => {
  await provider?.stop();
  await run("docker", ["image", "rm", "--force", image]);
});
beforeEach(() => {
  workspace = new TerraformWorkspace(provider.env);
});
afterEach(async () => {
  try {
    await workspace.remove();
  } finally {
    await removeLeftovers(name);
  }
});

const docker = (...args: string[]) => run("docker", args);
const inspect = (format: string) => docker("inspect", "--format", format, name);

describe("a container alone", () => {
  const alone = (changes: Configuration) => ({
    provider: { docker: { host: `unix://${SOCKET}` } },
    resource: { docker_container: { node: { name, image, command: ["sleep", "1d"], ...changes } } },
  });

  it("that doesn't get healthy in time is an error, tainted, and made again", async () => {
    const healthcheck = { test: ["CMD-SHELL", "echo not yet; false"], interval: "1s", retries: 1 };
    await workspace.write(alone({ wait: true, wait_timeout: 3, healthcheck }));
    await expect(workspace.apply()).rejects.toThrow(/failed to be in healthy state.*not yet/s);
    const id = await inspect("{{.Id}}");
    await workspace.write(alone({}));
    expect(await workspace.plan()).toEqual({ [NODE]: "delete-create" });
    await workspace.apply("plan");
    expect(await inspect("{{.Id}}")).not.toBe(id);
  });

  it("has its grace at the end, and none by default", async () => {
    const log = `${name}-log`;
    const command = [
      "sh",
      "-c",
      "trap 'sleep 1; echo ended > /log/ended; exit' TERM; while :; do sleep 0.1; done",
    ];
    const volumes = [{ volume_name: log, container_path: "/log" }];
    const ended = () => docker("run", "--rm", "--volume", `${log}:/log`, image, "ls", "/log");
    await workspace.write(alone({ command, volumes }));
    await workspace.apply();
    await workspace.write(alone({ command, volumes, destroy_grace_seconds: 30, hostname: "again" }));
    await workspace.apply();
    expect(await ended()).toBe("");
    await workspace.terraform("destroy", "-auto-approve");
    expect(await ended()).toBe("ended");
    await docker("volume", "rm", log);
  });

  it("reads a whole number of cpus back as 4.5.0 does, which replaces it", async () => {
    await workspace.write(alone({ cpus: "1" }));
    await workspace.apply();
    expect(await workspace.plan()).toEqual({ [NODE]: "delete-create" });
    await workspace.write(alone({ cpus: "0.5" }));
    await workspace.apply();
    expect(await workspace.plan()).toEqual({});
  });

  it("takes the output of a command that ends", async () => {
    const output = { logs: { value: `\${${NODE}.container_logs}` } };
    await workspace.write({
      ...alone({ command: ["echo", "done"], attach: true, logs: true, must_run: false }),
      output,
    });
    await workspace.apply();
    expect(await workspace.terraform("output", "-raw", "logs")).toBe("done");
  });

  it.each([
    [{ gpus: "all" }, "docker_container.gpus"],
    [
      { mounts: [{ target: "/d", type: "volume", source: name, volume_options: { no_copy: true } }] },
      "volume_options",
    ],
    [{ restart: "sometimes" }, 'restart is "sometimes"'],
    [{ memory: -1 }, "it must be 0 or more"],
  ])("with %j is refused", async (changes, message) => {
    await workspace.write(alone(changes));
    await expect(workspace.terraform("validate", "-no-color")).rejects.toThrow(message);
  });
});

describe("a volume, a network and an image", () => {
  it("follow their arguments; a volume that exists is adopted, a network's subnet is kept", async () => {
    await docker("volume", "create", name);
    const subnet = "10.213.77.0/24";
    await workspace.write({
      resource: {
        docker_volume: { data: { name } },
        docker_network: {
          network: { name, ipam_config: [{ subnet }], labels: [{ label: "a", value: "1" }] },
        },
      },
    });
    await workspace.apply();
    expect(await workspace.plan()).toEqual({});
    await workspace.write({
      resource: {
        docker_volume: { data: { name, labels: [{ label: "new", value: "1" }] } },
        docker_network: {
          network: { name, ipam_config: [{ subnet }], labels: [{ label: "a", value: "2" }] },
        },
      },
    });
    expect(await workspace.plan()).toEqual({
      "docker_volume.data": "delete-create",
      "docker_network.network": "delete-create",
    });
    await docker("volume", "rm", name);
    await docker("network", "rm", name);
    expect(await workspace.plan()).toEqual({
      "docker_volume.data": "create",
      "docker_network.network": "create",
    });
  });

  it("that can't be pulled is an error with the registry's answer", async () => {
    const missing = `127.0.0.1:1/${name}:missing`;
    await workspace.write({ resource: { docker_image: { image: { name: missing } } } });
    await expect(workspace.apply()).rejects.toThrow(/unable to pull image.*127\.0\.0\.1:1/s);
  });
});

describe("null_resource", () => {
  it("runs the destroy-time provisioner of a dropped key only, and is replaced by its triggers", async () => {
    const members = (keys: string[], trigger: string) => ({
      resource: {
        null_resource: {
          member: {
            for_each: `\${toset(${JSON.stringify(keys)})}`,
            provisioner: [
              {
                "local-exec": { when: "destroy", command: `echo \${each.key} >> ${workspace.file("left")}` },
              },
            ],
          },
          registration: { triggers: { members: trigger }, depends_on: ["null_resource.member"] },
        },
      },
    });
    await workspace.write(members(["a", "b"], "ab"));
    await workspace.apply();
    expect(await workspace.plan()).toEqual({});
    expect(existsSync(workspace.file("left"))).toBe(false);
    await workspace.write(members(["a"], "a"));
    expect(await workspace.plan()).toEqual({
      'null_resource.member["b"]': "delete",
      "null_resource.registration": "delete-create",
    });
    await workspace.apply("plan");
    expect(readFileSync(workspace.file("left"), "utf8")).toBe("b\n");
  });
});

it("says which argument of a provider it refuses", async () => {
  const auth = { address: "registry.example.com", config_file_content: randomBytes(8).toString("hex") };
  await workspace.write({
    provider: { docker: { registry_auth: [auth] } },
    resource: { docker_volume: { v: { name } } },
  });
  await expect(workspace.terraform("validate", "-no-color")).rejects.toThrow(
    "registry_auth.config_file_content",
  );
});

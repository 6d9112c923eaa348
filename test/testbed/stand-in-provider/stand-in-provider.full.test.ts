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
const NOT_READ_BACK = ["ports", "env", "networks_advanced", "log_opts", "labels"];

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

/** A web server as one database node would be: image, network, volume, container. */
function server(changes: Configuration = {}): Configuration {
  return {
    provider: { docker: { host: `unix://${SOCKET}`, context: "" } },
    resource: {
      docker_image: { image: { name: image, keep_locally: true } },
      docker_network: { network: { name } },
      docker_volume: { data: { name } },
      docker_container: {
        node: {
          name,
          image: "${docker_image.image.name}",
          command: ["httpd", "-f", "-p", "80", "-h", "/data"],
          restart: "unless-stopped",
          memory: 32,
          memory_swap: 32,
          shm_size: 16,
          env: ["B=2", "A=1"],
          labels: [{ label: "role", value: "web" }],
          ports: [{ internal: 80, ip: "127.0.0.1" }],
          networks_advanced: [{ name: "${docker_network.network.name}", aliases: ["web"] }],
          volumes: [{ volume_name: "${docker_volume.data.name}", container_path: "/data" }],
          upload: [{ file: "/data/greeting", content_base64: Buffer.from("hello\n").toString("base64") }],
          healthcheck: {
            test: ["CMD", "wget", "-qO", "/dev/null", "http://127.0.0.1/greeting"],
            interval: "1s",
          },
          capabilities: { drop: ["ALL"], add: ["CAP_CHOWN", "CAP_NET_BIND_SERVICE"] },
          security_opts: ["no-new-privileges:true"],
          log_driver: "json-file",
          log_opts: { "max-size": "1m" },
          host: [{ host: "other", ip: "192.0.2.7" }],
          wait: true,
          wait_timeout: 60,
          stop_signal: "SIGKILL",
          ...changes,
        },
      },
    },
    output: {
      port: { value: `\${try(${NODE}.ports[0].external, "stopped")}` },
      address: { value: `\${try(${NODE}.network_data[0].ip_address, "none")}` },
    },
  };
}

async function output(value: string): Promise<string> {
  return workspace.terraform("output", "-raw", value);
}

describe("a container with its image, network and volume", () => {
  beforeEach(async () => {
    await workspace.write(server());
    await workspace.apply();
  });

  it("runs, is healthy, serves its upload, and the second plan is empty", async () => {
    const answer = await fetch(`http://127.0.0.1:${await output("port")}/greeting`);
    expect(await answer.text()).toBe("hello\n");
    expect(await inspect("{{.State.Health.Status}} {{.HostConfig.ExtraHosts}} {{.HostConfig.CapDrop}}")).toBe(
      "healthy [other:192.0.2.7] [ALL]",
    );
    const address = await docker("exec", name, "nslookup", "web");
    expect(address).toContain(await output("address"));
    expect(await workspace.plan()).toEqual({});
  });

  it("changes its limits in place", async () => {
    const id = await inspect("{{.Id}}");
    await workspace.write(server({ memory: 48, memory_swap: 48, restart: "always", wait_timeout: 90 }));
    expect(await workspace.plan()).toEqual({ [NODE]: "update" });
    await workspace.apply("plan");
    expect(await inspect("{{.Id}} {{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.Name}}")).toBe(
      `${id} ${48 * 1024 * 1024} always`,
    );
    expect(await workspace.plan()).toEqual({});
  });

  it("is replaced on its volume when its command changes", async () => {
    await docker("exec", name, "sh", "-c", "echo kept > /data/kept");
    await workspace.write(server({ command: ["httpd", "-f", "-v", "-p", "80", "-h", "/data"] }));
    expect(await workspace.plan()).toEqual({ [NODE]: "delete-create" });
    await workspace.apply("plan");
    expect(await docker("exec", name, "cat", "/data/kept")).toBe("kept");
    expect(await workspace.plan()).toEqual({});
  });

  it("is replaced once it was stopped, because Docker then shows no ports", async () => {
    await docker("stop", name);
    expect(await workspace.plan()).toEqual({ [NODE]: "delete-create" });
  });

  it("is started in place once it was stopped, when changes of ports are ignored", async () => {
    await workspace.write(server({ lifecycle: { ignore_changes: ["ports"] } }));
    const id = await inspect("{{.Id}}");
    await docker("stop", name);
    expect(await workspace.plan()).toEqual({ [NODE]: "update" });
    await workspace.apply("plan");
    expect(await inspect("{{.Id}} {{.State.Running}}")).toBe(`${id} true`);
    expect(await workspace.plan()).toEqual({});
  });

  it("comes again after it was deleted", async () => {
    const id = await inspect("{{.Id}}");
    await docker("rm", "--force", name);
    expect(await workspace.plan()).toEqual({ [NODE]: "create" });
    await workspace.apply("plan");
    expect(await inspect("{{.Id}}")).not.toBe(id);
    expect(await workspace.plan()).toEqual({});
  });

  it("doesn't notice a changed health check, and shows it in every plan, as 4.5.0 does", async () => {
    const healthcheck = { test: ["CMD", "true"], interval: "1s" };
    await workspace.write(server({ healthcheck }));
    await workspace.apply();
    expect(await inspect("{{.Config.Healthcheck.Test}}")).toContain("wget");
    expect(await workspace.plan()).toEqual({ [NODE]: "update" });
  });

  it("is imported without a restart when what isn't read back is ignored", async () => {
    const [id, started] = [await inspect("{{.Id}}"), await inspect("{{.State.StartedAt}}")];
    const networkId = await docker("network", "inspect", "--format", "{{.Id}}", name);
    const ignoring = server({ lifecycle: { ignore_changes: [...NOT_READ_BACK, "volumes", "upload"] } });
    for (const address of [NODE, "docker_network.network", "docker_volume.data"]) {
      await workspace.terraform("state", "rm", address);
    }
    await workspace.write({
      ...ignoring,

      import: [
        { to: NODE, id },
        { to: "docker_network.network", id: networkId },
        { to: "docker_volume.data", id: name },
      ],
    });
    const applied = await workspace.apply();
    expect(applied).toMatch(/3 imported, 0 added, \d+ changed, 0 destroyed/);
    expect(await inspect("{{.Id}} {{.State.StartedAt}}")).toBe(`${id} ${started}`);
    expect(await workspace.plan()).toEqual({});
  });

  it("is replaced after an import when its networks aren't ignored", async () => {
    const id = await inspect("{{.Id}}");
    await workspace.terraform("state", "rm", NODE);
    const lifecycle = {
      ignore_changes: [...NOT_READ_BACK, "volumes", "upload"].filter((n) => n !== "networks_advanced"),
    };
    await workspace.write({ ...server({ lifecycle }), import: [{ to: NODE, id }] });
    expect(await workspace.plan()).toEqual({ [NODE]: "delete-create" });
    await workspace.apply("plan");
  });

  it("lets another Terraform fail with Docker's own message about names that are taken", async () => {
    const other = new TerraformWorkspace(provider.env);
    try {
      await other.write(server());
      const failed = await other.apply().catch((error: Error) => error.message);
      expect(failed).toContain(`network with name ${name} already exists`);
      await other.write(server({ networks_advanced: [{ name }] }));
      await other.terraform("apply", "-auto-approve", `-target=${NODE}`).then(
        () => expect.unreachable("the container's name was taken"),
        (error: Error) => expect(error.message).toMatch(/Unable to create container: .*is already in use/s),
      );
    } finally {
      // Its volume is the one of the first Terraform: a volume that exists is adopted, and must not be destroyed here.
      await other.terraform("state", "rm", "docker_volume.data");
      await other.remove();
    }
  });
});

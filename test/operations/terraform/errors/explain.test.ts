import { describe, expect, it } from "vitest";
import { EXIT, type Failure } from "../../../../operations/base/failure";
import { render } from "../../../../operations/base/remedy";
import type { Diagnostic } from "../../../../operations/terraform/errors/diagnostic";
import { terraformFailure } from "../../../../operations/terraform/errors/explain";

const AT = { environment: "production", binary: "terraform", folder: "cdktf.out/stacks/production" };

const error = (summary: string, detail = "", address?: string): Diagnostic => ({
  ...{ severity: "error", summary, detail },
  ...(address === undefined ? {} : { address }),
});

const failureOf = (...errors: Diagnostic[]): Failure => terraformFailure(errors, "apply", AT);

const told = ({ summary, remedy }: Failure) => `${summary}: ${render(remedy, "person")}`;

/** The texts are those of Terraform 1.11.4, of provider 4.5.0, and of Docker Engine 20.10 on test hosts. */
describe("an error of Terraform in our words", () => {
  it.each([
    [
      "a leftover container",
      error(
        'Unable to create container: Error response from daemon: Conflict. The container name "/citus-worker1" is already in use by container "16fb4f2f38356ce71c54506e7620e43c2521cc38eaa63562967924f2356e4aec". You have to remove (or rename) that container to be able to reuse that name.',
        "",
        "docker_container.server-b_worker1",
      ),
      "server-b/worker1: container citus-worker1 already exists, but is not in Terraform's state: an apply was killed, or the " +
        "state was lost: `npx pg-dist recover production` adopts it into the state, or removes it",
    ],
    [
      "no token for the server of a workspace",
      error(
        "Required token could not be found",
        "Run the following command to generate a token for app.terraform.io:\n    terraform login app.terraform.io",
      ),
      "there is no token for app.terraform.io: terraform login app.terraform.io, or set TF_TOKEN_app_terraform_io",
    ],
    [
      "a token that its server refuses",
      error(
        'Failed to read organization "acme" at host tfe.example.com',
        "Encountered an unexpected error while reading the\norganization settings: unauthorized",
      ),
      "tfe.example.com refuses the token: get another one: terraform login tfe.example.com",
    ],
    [
      "another organization",
      error(
        'Failed to read organization "acmee" at host tfe.example.com',
        'organization "acmee" at host tfe.example.com not found.\n\nPlease ensure that the organization and hostname are correct',
      ),
      /^tfe\.example\.com has no organization acmee, or doesn't show it to this token: correct `organization`/,
    ],
    [
      "no Node.js where the steps run",
      error(
        "local-exec provisioner error",
        "Error running command 'node assets/x/pg-dist.mjs leave': exit status 127. Output: /bin/sh: 1: node: not found",
        'null_resource.membership["here/worker2"]',
      ),
      /^the machine that runs terraform has no `node`, which registers and removes nodes: install Node\.js/,
    ],
    [
      "a step of a remote run, whose lines are broken",
      error(
        "local-exec provisioner error",
        "Error running command 'node\nassets/x/pg-dist.mjs leave': exit status 1. Output: [  0.2s] connected\npg-dist: server-b/worker1 has 3 shards of public.event that no other worker\nhas room for, 12 GB are missing: add a\nworker",
        'null_resource.membership["server-b/worker1"]',
      ),
      /^server-b\/worker1 has 3 shards of public\.event that no other worker has room for, 12 GB are missing: add a worker: then review what is left/,
    ],
    [
      "no Node.js, where lines are broken",
      error("local-exec provisioner error", "exit status 127. Output: /bin/sh: 1: node: not\nfound"),
      /^the machine that runs terraform has no `node`/,
    ],
    [
      "a run that another apply has discarded",
      error(
        "Saved plan is discarded",
        "The given plan file can no longer be applied; either another run was applied first",
      ),
      "the plan's run was discarded: another was applied first, or it was discarded at its server: review again: `npx pg-dist review production`",
    ],
    [
      "a workspace that takes its code from a repository",
      error(
        "Saved plans not allowed for workspaces with a VCS connection",
        "A workspace that is connected to a VCS",
      ),
      /^the workspace takes its code from a repository.*review production --speculative/,
    ],
    [
      "a leftover network",
      error(
        "Unable to create network: Error response from daemon: network with name citus already exists",
        "",
        "docker_network.server-b",
      ),
      /^server-b: network citus already exists, but is not in Terraform's state.*recover production/,
    ],
    [
      "a port that is taken by a program",
      error(
        "Unable to start container: Error response from daemon: driver failed programming external connectivity on endpoint citus-coordinator (84d0c8bc): Error starting userland proxy: listen tcp4 127.0.0.1:46675: bind: address already in use",
        "",
        "docker_container.local_coordinator",
      ),
      /^local\/coordinator: port 127\.0\.0\.1:46675 of Docker host local is taken: see there what uses it/,
    ],
    [
      "a port that is taken by a container",
      error(
        "Unable to start container: Error response from daemon: driver failed programming external connectivity on endpoint citus-worker1 (84d0): Bind for 10.0.0.2:5432 failed: port is already allocated",
        "",
        "docker_container.server-b_worker1",
      ),
      /^server-b\/worker1: port 10\.0\.0\.2:5432 of Docker host server-b is taken/,
    ],
    [
      "an image that can't be pulled",
      error(
        'Unable to read Docker image into resource: unable to pull image citusdata/citus:13.0.99: error pulling image citusdata/citus:13.0.99: Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
        "",
        "docker_image.server-b",
      ),
      'Docker host server-b can\'t pull image citusdata/citus:13.0.99: Get "https://registry-1.docker.io/v2/": dial tcp: lookup ' +
        "registry-1.docker.io: no such host: correct `image`, or load it on that host: `docker pull` there, or " +
        "`docker save ... | ssh ... docker load`",
    ],
    [
      "a server that doesn't get healthy",
      error("container failed to be in healthy state", "", "docker_container.server-b_worker1"),
      "server-b/worker1: the container is running, but its server did not become healthy in time: see its log: `npx pg-dist logs production " +
        "server-b/worker1`; if its first start was cut off, `npx pg-dist recover production` repairs that",
    ],
    [
      "a folder that isn't there",
      error(
        "Unable to start container: Error response from daemon: failed to mount local volume: mount /mnt/disk1/citus-worker1:/var/lib/docker/volumes/citus-worker1/_data, flags: 0x1000: no such file or directory",
        "",
        "docker_container.server-b_worker1",
      ),
      /^server-b\/worker1: \/mnt\/disk1\/citus-worker1, which its dataPath names, does not exist on Docker host server-b: create/,
    ],
    [
      "an address that the host doesn't have",
      error(
        "Unable to start container: Error response from daemon: driver failed programming external connectivity on endpoint citus-worker1 (84d0): Error starting userland proxy: listen tcp4 10.9.9.9:5432: bind: cannot assign requested address",
        "",
        "docker_container.server-b_worker1",
      ),
      /^server-b\/worker1: Docker host server-b has no such address to publish a port on: correct `bindAddress`/,
    ],
    [
      "a subnet that another network has",
      error(
        "Unable to create network: Error response from daemon: Pool overlaps with other one on this address space",
        "",
        "docker_network.server-b",
      ),
      /^Docker host server-b: another network there overlaps the cluster's subnet: give the host another one/,
    ],
    [
      "a host that was deleted with what is on it",
      error(
        "Provider configuration not present",
        'To work with docker_container.server-d_worker1 (orphan) its original\nprovider configuration at\nprovider["registry.terraform.io/kreuzwerker/docker"].server-d is required,\nbut it has been removed.',
      ),
      "Docker host server-d was deleted from the environment, but Terraform's state has resources on it: put it back without " +
        'workers (`workers: { "server-d": 0 }`), apply, then delete it; if that server never comes back: ' +
        "`npx pg-dist forget production server-d`",
    ],
    [
      "a protected volume",
      error(
        "Instance cannot be destroyed",
        "Resource docker_volume.server-a_coordinator has lifecycle.prevent_destroy set,\nbut the plan calls for this resource to be destroyed. To avoid this error",
      ),
      /^data volume of server-a\/coordinator would be destroyed, which the environment protects: undo/,
    ],
    [
      "a stale plan",
      error(
        "Saved plan is stale",
        "The given plan file can no longer be applied because the state was changed by another operation after the plan was created.",
      ),
      "the state was changed since the plan was made: by another apply, or by this plan, which was applied already: review " +
        "again: `npx pg-dist review production`",
    ],
    [
      "a plan of another version",
      error(
        "Failed to read plan from plan file",
        "Cannot read the plan from the given plan file: plan file was created by Terraform 1.11.3, but this is 1.11.4; plan files cannot be transferred between different Terraform versions.",
      ),
      "the plan was made by version 1.11.3 of Terraform, but this is 1.11.4: run the version that made it, or review again with this one",
    ],
    [
      "no plan at all",
      error(
        'Failed to load "/x/garbage" as a plan file',
        "Error: couldn't load the provided path as either a local plan file (zip: not a valid zip file)",
      ),
      /^the file is not a plan that can be read .*: review again/,
    ],
    [
      "a backend that was exchanged",
      error(
        "Backend configuration changed",
        "A change in the backend configuration has been detected, which may require\nmigrating existing state.",
      ),
      "the environment's backend is not the one that has the state: move the state there: `terraform init " +
        "-migrate-state` in cdktf.out/stacks/production (docs/state.md); or set the backend back",
    ],
    [
      "a step of ours, which has said it itself",
      error(
        "local-exec provisioner error",
        "Error running command 'node assets/x/pg-dist.mjs leave --node server-d/worker1': exit status 1. Output: [  0.1s] connected\npg-dist: server-d/worker1: shards are being moved already: wait, then apply again\n",
        'null_resource.membership["server-d/worker1"]',
      ),
      "server-d/worker1: shards are being moved already: wait, then apply again: then review what is left: `npx pg-dist review production`",
    ],
    [
      "a step that was killed with its Terraform",
      error(
        "local-exec provisioner error",
        "Error running command 'node assets/x/pg-dist.mjs leave --node local/worker3': signal: killed. Output: [  7.6s] marked as leaving: local/worker3\n",
        'null_resource.membership["local/worker3"]',
      ),
      'null_resource.membership["local/worker3"]: its step was killed (signal: killed): it resumes where it stopped; ' +
        "review what is left: `npx pg-dist review production`",
    ],
    [
      "a host that refuses ssh",
      error(
        "Error pinging Docker server, please make sure that ssh://root@server-b is reachable and has a  '_ping' endpoint. Error: error during connect: Get \"http://docker.example.com/_ping\": command [ssh -l root -- server-b docker system dial-stdio] has exited with exit status 255, make sure the URL is valid, and Docker 18.09 or later is installed on the remote host: stderr=ssh: connect to host server-b port 22: Connection refused",
        "",
        "docker_container.server-b_worker1",
      ),
      "Docker host server-b at ssh://root@server-b can't be reached: ssh: connect to host server-b port 22: Connection refused: " +
        "`npx pg-dist doctor production --quiet` says why not, and what to do",
    ],
    [
      "an engine that isn't there",
      error(
        "Error pinging Docker server, please make sure that unix:///nowhere/docker.sock is reachable and has a  '_ping' endpoint. Error: Cannot connect to the Docker daemon at unix:///nowhere/docker.sock. Is the docker daemon running?",
        "",
        "docker_network.local",
      ),
      /^Docker host local at unix:\/\/\/nowhere\/docker\.sock can't be reached: Cannot connect to the Docker daemon/,
    ],
  ])("%s", (_name, diagnostic, expected) => {
    const failure = failureOf(diagnostic);
    if (typeof expected === "string") expect(told(failure)).toBe(expected);
    else expect(told(failure)).toMatch(expected);
    expect(failure.detail).toEqual([]);
  });

  it("is said once where each resource of a host gives it", () => {
    const ping = (address: string) =>
      error(
        "Error pinging Docker server, please make sure that ssh://b is reachable. Error: x: stderr=ssh: timed out",
        "",
        address,
      );
    const failure = failureOf(
      ping("docker_container.b_worker1"),
      ping("docker_volume.b_worker1"),
      ping("docker_network.b"),
    );
    expect(failure.summary).toBe("Docker host b at ssh://b can't be reached: ssh: timed out");
  });

  it("is told with all others, what is known first, and of what is not Terraform's own text", () => {
    const failure = failureOf(
      error("Something new", "It says so\nin two lines.", "docker_container.b_worker1"),
      error("Unable to create network: network with name citus already exists", "", "docker_network.b"),
    );
    expect(failure.summary).toMatch(/^b: network citus already exists.* \(and 1 more, above\)$/);
    expect(failure.detail.map((line) => render(line, "person"))).toEqual([
      expect.stringMatching(/^b: network citus already exists.*recover production/) as string,
      "terraform apply: docker_container.b_worker1: Something new",
      "  It says so",
      "  in two lines.",
    ]);
  });

  it("is not that Terraform stopped because of another one", () => {
    expect(failureOf(error("execution halted"), error("Something new")).summary).toBe(
      "terraform apply: Something new",
    );
    expect(failureOf(error("execution halted")).summary).toBe("terraform apply: execution halted");
  });

  it("keeps Terraform's text where nobody knows it", () => {
    const failure = failureOf(error("Something new", "It says so\n\nin two lines."));
    expect(told(failure)).toBe(
      "terraform apply: Something new: fix the errors in the lines above, then run it again",
    );
    expect(failure.detail).toEqual(["It says so", "in two lines."]);
    expect(failureOf().summary).toBe("terraform apply: it failed without a message");
  });

  it("is a refusal where nothing was begun, and none where anything was", () => {
    const stale = error("Saved plan is stale");
    expect(terraformFailure([stale], "apply", AT).exitCode).toBe(EXIT.refused);
    expect(terraformFailure([stale], "apply", AT, { began: true }).exitCode).toBe(EXIT.failed);
    expect(terraformFailure([stale, error("x")], "apply", AT).exitCode).toBe(EXIT.failed);
  });
});

import { NullProvider } from "@cdktf/provider-null/lib/provider";
import { LocalBackend, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { describe, expect, it } from "vitest";
import { CitusCoordinator } from "../../constructs/citus-coordinator";
import { CitusWorkerHost } from "../../constructs/citus-worker-host";
import { DockerHost } from "../../constructs/docker-host";
import { server } from "../model/samples";
import { testApp } from "../synthesis";

const password = "${var.password}";

/** What synth reports of a stack that somebody declares by hand: servers `a` with the coordinator, and `b`. */
function problemsOf(
  declare: (stack: TerraformStack, coordinator: CitusCoordinator, b: DockerHost, a: DockerHost) => void,
): string[] {
  const app = testApp();
  const stack = new TerraformStack(app, "shop");
  new LocalBackend(stack, { path: "shop.tfstate" });
  new NullProvider(stack, "null");
  const [a, b] = [new DockerHost(stack, "a", server(1)), new DockerHost(stack, "b", server(2))];
  const coordinator = new CitusCoordinator(stack, "coordinator", { environment: "shop", host: a, password });
  declare(stack, coordinator, b, a);
  try {
    app.synth();
  } catch (error) {
    return String(error)
      .split("\n")
      .flatMap((line) => /^ {2}\[[^\]]*\] (.*)$/.exec(line)?.[1] ?? []);
  }
  return [];
}

describe("a stack of one's own", () => {
  it("may have workers beside the coordinator and elsewhere", () => {
    expect(
      problemsOf((stack, coordinator, b, a) => {
        new CitusWorkerHost(stack, "beside", { host: a, coordinator, workers: 1 });
        new CitusWorkerHost(stack, "elsewhere", { host: b, coordinator, workers: 1 });
      }),
    ).toEqual([]);
  });

  it.each([
    ["with other workers", { worker2: {} }],
    ["with the same", 1],
  ])(
    "can't have two worker hosts on one Docker host, %s: those of one would never be registered",
    (_, workers) => {
      expect(
        problemsOf((stack, coordinator, b) => {
          new CitusWorkerHost(stack, "one", { host: b, coordinator, workers: 1 });
          new CitusWorkerHost(stack, "two", { host: b, coordinator, workers });
        }),
      ).toEqual([
        `shop: workers.b: Docker host "b" has two CitusWorkerHosts, shop/one and shop/two: give one of them all of its workers`,
      ]);
    },
  );

  it("can't have two Docker hosts of one id", () => {
    expect(
      problemsOf((stack, coordinator) => {
        const other = new DockerHost(new Construct(stack, "more"), "a", server(3));
        new CitusWorkerHost(stack, "workers", { host: other, coordinator, workers: 1 });
      }),
    ).toEqual([`shop: hosts.a: "a" is the id of two Docker hosts, shop/a and shop/more/a: give one another`]);
  });

  it("can't have a second coordinator, whose steps would take the place of the first's", () => {
    expect(
      problemsOf((stack, _, b) => {
        new CitusCoordinator(stack, "second", { environment: "other", cluster: "other", host: b, password });
      }),
    ).toContain(
      "shop: coordinator: stack shop has 2 of them, shop/coordinator, shop/second: give each a stack of its own",
    );
  });
});

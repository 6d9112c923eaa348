import { describe, it, expect } from "vitest";
import { clusterOf } from "../model/samples";
import { synthesizeBeside } from "./beside-state";

interface Given {
  /** As `b_worker2`; with a "!" it is tainted. */
  readonly containers: readonly string[];
  /** As `b/worker2`. */
  readonly members: readonly string[];
}

/** Synthesizes a cluster with one worker, `b/worker1`, beside a state with these. */
function synth({ containers, members }: Given): void {
  synthesizeBeside(clusterOf({ b: 1 }), [
    ...containers.map((name) => ({
      ...{ type: "docker_container", name: name.replace("!", "") },
      provider: `provider["registry.terraform.io/kreuzwerker/docker"].${name.split("_")[0]}`,
      instances: [name.endsWith("!") ? { status: "tainted" } : {}],
    })),
    {
      ...{ type: "null_resource", name: "membership", provider: 'provider["x/null"]' },
      instances: members.map((id) => ({ index_key: id })),
    },
  ]);
}

const containers = ["a_coordinator", "b_worker1", "b_worker2"];

describe("a worker that is deleted from the environment", () => {
  it("is refused where the state has no membership that would drain it", () => {
    expect(() => synth({ containers, members: [] })).toThrow(
      /workers: "b\/worker2" was deleted, .*no membership .*would be destroyed undrained\. Put it back, deploy, then delete it/,
    );
  });

  it("may go where it will be drained, where it has been, and where it never got healthy", () => {
    synth({ containers, members: ["a/coordinator", "b/worker1", "b/worker2"] });
    // Terraform was killed between its drain and its container.
    synth({ containers, members: ["a/coordinator", "b/worker1"] });
    synth({ containers: ["a_coordinator", "b_worker1", "b_worker2!"], members: [] });
  });

  it("is no matter while nothing was ever deployed to the end", () => {
    synth({ containers: ["a_coordinator", "b_worker1"], members: [] });
  });
});

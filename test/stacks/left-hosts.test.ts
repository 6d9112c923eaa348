import { describe, expect, it, vi } from "vitest";
import type { Environment } from "../../model/environment";
import { clusterOf } from "../model/samples";
import { synthesizeBeside } from "./beside-state";

/** Synthesizes beside a state with resources on these hosts. */
function synth(environment: Environment, hosts: readonly string[], file?: string): void {
  const resources = hosts.flatMap((host) =>
    ["docker_volume", "docker_container"].map((type) => ({
      type,
      name: `${host}_worker1`,
      provider: `provider["registry.terraform.io/kreuzwerker/docker"].${host}`,
    })),
  );
  const guard = { type: "null_resource", name: "guard", provider: 'provider["x/null"]' };
  synthesizeBeside(environment, [...resources, guard], file);
}

describe("a Docker host that is deleted while its resources are there", () => {
  it("is refused with the two steps", () => {
    expect(() => synth(clusterOf({ b: 1 }), ["a", "b", "gone"])).toThrow(
      /hosts: "gone" was deleted, but 2 resources are still there \(docker_volume\.gone_worker1, .*`workers: \{ "gone": 0 \}`\), deploy, then delete it.*pg-dist forget \S+ gone/,
    );
  });

  it("may go where pg-dist forget takes it out of the state", () => {
    vi.stubEnv("PGDIST_FORGET", "other,gone");
    synth(clusterOf({ b: 1 }), ["a", "b", "gone"]);
    vi.unstubAllEnvs();
  });

  it("is nobody's business where every host is declared, or the state is another one", () => {
    synth(clusterOf({ b: 1 }), ["a", "b"]);
    synth(clusterOf({ b: 1 }), ["gone"], "another.tfstate");
    synth({ ...clusterOf({ b: 1 }), backend: { type: "s3", config: { bucket: "b" } } }, ["gone"]);
  });
});

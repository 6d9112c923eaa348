import { describe, expect, it } from "vitest";
import { findNode } from "../../../operations/cli/find-node";
import { EXIT, Failure } from "../../../operations/base/failure";
import { someCluster } from "../../fixtures/some-cluster";

describe("the node that a person names", () => {
  const cluster = someCluster();
  const [, worker1] = cluster.nodes;
  if (worker1 === undefined) throw new Error("no worker");
  const two = {
    ...cluster,
    nodes: [...cluster.nodes, { ...worker1, id: "server-b/worker1", host: "server-b" }],
  };

  it.each(["server-a/worker1", "worker1", "citus-worker1"])("is found by %s", (name) => {
    expect(findNode(cluster, name).id).toBe("server-a/worker1");
  });

  it("is found by its id where another has its short name", () => {
    expect(findNode(two, "server-b/worker1").host).toBe("server-b");
  });

  it.each([
    ["worker1", /^worker1 is the name of 2 nodes: use one of: server-a\/worker1, server-b\/worker1$/],
    ["worker9", /^no node worker9 in production: use one of: server-a\/coordinator, server-a\/worker1, /],
    ["", /^no node {2}in production/],
  ])("is asked for where %j is not one", (name, message) => {
    const find = () => findNode(two, name);
    expect(find).toThrow(Failure);
    expect(find).toThrow(expect.objectContaining({ exitCode: EXIT.usage }) as Error);
    expect(find).toThrow(message);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeCluster } from "../../model/cluster";
import { hasLeftovers } from "../../quickstart/recover";
import { readStateIds, takeInventory } from "../../quickstart/inventory";

describe("what is there of the cluster", () => {
  const cluster = describeCluster({
    name: "local",
    hosts: { local: { connection: "unix:///var/run/docker.sock" } },
    coordinator: { host: "local" },
    workers: { local: 1 },
  });
  let folder: string;
  let engine: Server;
  let answers: Record<string, unknown>;
  const socket = () => join(folder, "docker.sock");

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "quickstart-"));
    answers = {
      "/containers/json?all=true": [
        { Id: "c1", Names: ["/citus-coordinator"] },
        { Id: "c2", Names: ["/citus-worker1"] },
        { Id: "c9", Names: ["/somebody-else"] },
      ],
      "/containers/c1/json?": {
        HostConfig: { PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "5440" }] } },
      },
      "/networks?": [
        { Id: "n1", Name: "citus" },
        { Id: "n9", Name: "bridge" },
      ],
      "/volumes?": {
        Volumes: [{ Name: "citus-worker1" }, { Name: "citus-worker1-archive" }, { Name: "other" }],
      },
    };
    engine = createServer((request, response) => {
      const answer = answers[request.url ?? ""];
      response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer));
    }).listen(socket());
    await once(engine, "listening");
  });

  afterEach(async () => {
    engine.close();
    await once(engine, "close");
    rmSync(folder, { recursive: true });
  });

  function stateWith(ids: Record<string, string[]>): string {
    const file = join(folder, "local.tfstate");
    const resources = Object.entries(ids).map(([type, instances]) => ({
      type,
      instances: instances.map((id) => ({ attributes: { id } })),
    }));
    writeFileSync(file, JSON.stringify({ version: 4, resources }));
    return file;
  }

  it("is the cluster's own when the state holds it, with the port that the coordinator publishes", async () => {
    const file = stateWith({
      docker_container: ["c1", "c2"],
      docker_network: ["n1"],
      docker_volume: ["citus-worker1", "citus-worker1-archive"],
    });
    expect(await takeInventory(cluster, readStateIds(file), socket())).toEqual({
      inState: true,
      port: 5440,
      knowsNetwork: true,
      strangers: [],
    });
  });

  it("is a stranger's where the state doesn't know it: nothing of it may be touched", async () => {
    const file = stateWith({ docker_container: ["c1"] });
    const inventory = await takeInventory(cluster, readStateIds(file), socket());
    expect(inventory.strangers).toEqual([
      "container citus-worker1",
      "network citus",
      "volume citus-worker1",
      "volume citus-worker1-archive",
    ]);
    expect(() => hasLeftovers(inventory)).toThrow(/not in this checkout's state \(container citus-worker1, /);
  });

  it("is a killed run's where it is in the network that the state knows: that can be recovered", async () => {
    const file = stateWith({ docker_network: ["n1"] });
    expect(hasLeftovers(await takeInventory(cluster, readStateIds(file), socket()))).toBe(true);
  });

  it("is nothing on a fresh machine, which has no state file and whose engine lists null volumes", async () => {
    answers = { "/containers/json?all=true": [], "/networks?": [], "/volumes?": { Volumes: null } };
    const ids = readStateIds(join(folder, "missing.tfstate"));
    expect(await takeInventory(cluster, ids, socket())).toEqual({
      inState: false,
      port: undefined,
      knowsNetwork: false,
      strangers: [],
    });
  });

  it("an engine that refuses is an error", async () => {
    answers = {};
    await expect(takeInventory(cluster, new Map(), socket())).rejects.toThrow(
      /the Docker engine answers HTTP 404 to \/containers\/json/,
    );
  });
});

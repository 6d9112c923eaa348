import type { Cluster, ClusterNode } from "../../model/cluster";
import type { ServerFacts } from "../../operations/cluster/connection/target";

/** A cluster of a coordinator and workers on one host without an engine, so that nobody can connect to it. */
export function someCluster(changes: Partial<Cluster> = {}, node: Partial<ClusterNode> = {}): Cluster {
  const nodes = ["coordinator", "worker1", "worker2"].map((name): ClusterNode => ({
    id: `server-a/${name}`,
    host: "server-a",
    name,
    role: name === "coordinator" ? "coordinator" : "worker",
    container: `citus-${name}`,
    endpoint: { host: `citus-${name}`, port: 5432 },
    image: "citusdata/citus:13.0.3",
    postgresMajor: 17,
    settings: { wal_level: "logical", max_connections: "100" },
    ...node,
  }));
  return {
    environment: "production",
    name: "citus",
    user: "postgres",
    database: "postgres",
    protected: true,
    ephemeral: false,
    rollout: "refuse",
    rebalance: "manual",
    hosts: [{ id: "server-a", connection: "unix:///nonexistent/docker.sock", sshOptions: [] }],
    nodes,
    ...changes,
  };
}

/** What a coordinator says of itself that somebody else started. */
export const SOME_SERVER: ServerFacts = {
  citus: "13.0.3",
  postgres: "17.2",
  groupid: 0,
  server_id: "",
  cluster_name: "",
  in_recovery: false,
  stand_in: false,
};

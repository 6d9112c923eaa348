import { describe, expect, it } from "vitest";
import { explainNodeFailure } from "../../../../operations/cluster/nodes/node-failure";
import { someCluster } from "../../../fixtures/some-cluster";
import { told } from "../../../fixtures/told";

const cluster = someCluster();
const [, worker] = cluster.nodes;
const endpoint = `${worker?.endpoint.host}:${worker?.endpoint.port}`;
const id = worker?.id ?? "";

/** As Citus 13.0.3 says it: the error names the node, and the WARNING before it the cause. */
function explain(warning: string, error = `failure on connection marked as essential: ${endpoint}`) {
  const messages = warning === "" ? [] : [{ severity: "WARNING", text: warning, detail: "" }];
  return told(explainNodeFailure({ error, messages, cluster }));
}

describe("why a statement failed that Citus carries out on other nodes", () => {
  it.each([
    ['extension "geo" is not available', /give .* an image that has the extension geo/],
    [
      'extension "geo" has no installation script nor update path for version "1.0"',
      /give .* an image that has the extension geo/,
    ],
    [
      'could not access file "$libdir/geo": No such file or directory',
      /an image that has the library \$libdir\/geo/,
    ],
    ['tablespace "fast" does not exist', /create the tablespace fast on .* too/],
    ['"country_102041" is not a table', /something of this name is on .* already/],
    [
      'role "My app" does not exist',
      /SET citus\.enable_create_role_propagation = off; CREATE ROLE "My app" on /,
    ],
    [
      'FATAL: number of requested standby connections exceeds "max_wal_senders" (currently 1)',
      /pg_stat_replication there\), or raise its max_wal_senders/,
    ],
    ["cannot change return type of existing function", /something of this name is on .* already/],
    ['cannot change name of view column "?column?" to "id"', /something of this name is on .* already/],
    ['could not extend file "base/5/1": No space left on device', /make room on the disk of/],
    [
      "not enough empty space on node if the shard is moved, actual available space after move will be 1 bytes",
      /make room on that server, or lower what Citus keeps free/,
    ],
    [
      'duplicate key value violates unique constraint "pg_dist_node_nodename_nodeport_key"',
      /old copy of the metadata: SELECT start_metadata_sync_to_all_nodes\(\)/,
    ],
    [
      'logical decoding requires "wal_level" >= "logical"',
      /set wal_level: "logical" in the node's `settings`/,
    ],
    ["canceling statement due to lock timeout", /npx pg-dist activity production/],
  ])("%s", (warning, remedy) => {
    const explained = explain(warning);
    expect(explained.what).toBe(`${id}: ${warning}`);
    expect(explained.remedy).toMatch(remedy);
    expect(explained.remedy).not.toContain("every node must be up");
  });

  it("names the node that isn't reached, which may be another than the one that joins", () => {
    const error = `connection to the remote node postgres@${endpoint} failed with the following error: Connection refused\n\tIs the server running?`;
    const { what, remedy } = explain("", error);
    expect(what).toBe(`${id}: ${endpoint} refuses the connection of the coordinator`);
    expect(remedy).toMatch(/check that the server there runs/);
  });

  it("names the source of a move to which its target can't connect", () => {
    const source = `connection to server at "${worker?.endpoint.host}" (10.0.0.2), port ${worker?.endpoint.port} failed`;
    const words = `${source}: FATAL: number of requested standby connections exceeds "max_wal_senders" (currently 1)`;
    const { what, remedy } = explain(
      "",
      `could not connect to the publisher: ${words} (while executing command on 10.9.9.9:5432)`,
    );
    expect(what).toBe(`${id}: ${endpoint} has no walsender left for 10.9.9.9:5432`);
    expect(remedy).toContain("max_wal_senders");
  });

  it("takes a missing list of nodes for no old copy of it", () => {
    expect(explain('relation "pg_dist_node" does not exist').remedy).toMatch(/^fix what the server reports/);
  });

  it("gives the server's own words where it doesn't know the cause, and promises nothing", () => {
    const { what, remedy } = explain("something new");
    expect(what).toBe(`something new; then failure on connection marked as essential: ${endpoint}`);
    expect(remedy).toBe(`fix what the server reports; the log of ${id} may say more`);
  });
});

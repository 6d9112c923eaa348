import { describe, expect, it } from "vitest";
import { compareFingerprints } from "../../../../operations/observe/review/compare-fingerprints";
import { someFingerprint, someNode } from "./some-fingerprint";

const THEN = someFingerprint();

describe("a cluster that was reviewed", () => {
  it("is as it was, in whatever order its nodes and tables are", () => {
    expect(compareFingerprints(THEN, someFingerprint())).toEqual([]);
    expect(compareFingerprints(THEN, { ...THEN, nodes: [...THEN.nodes].reverse() })).toEqual([]);
  });

  it("has shards that were moved", () => {
    const now = someFingerprint(
      someNode("b/worker1", 2, { shards: { "public.event": ["102008"] } }),
      someNode("c/worker1", 3, { shards: { "public.event": ["102009", "102010", "102011"] } }),
    );
    expect(compareFingerprints(THEN, now)).toEqual([
      "b/worker1: shard of public.event (102010) has been moved to c/worker1 since",
    ]);
  });

  it("names of many moves the first tables and shards", () => {
    const shards = Array.from({ length: 30 }, (_, index) => String(102100 + index));
    const tables = Object.fromEntries(shards.map((id, index) => [`public.t${index}`, [id]]));
    const then = someFingerprint(someNode("b/worker1", 2, { shards: tables }), someNode("c/worker1", 3));
    const now = someFingerprint(someNode("b/worker1", 2), someNode("c/worker1", 3, { shards: tables }));
    expect(compareFingerprints(then, now)).toEqual([
      "b/worker1: 30 shards of public.t0, public.t1, public.t2, public.t3 and 26 more (102100, 102101, 102102, 102103 and 26 more) have been moved to c/worker1 since",
    ]);
  });

  it("has shards that were copied, or are gone from one of their nodes", () => {
    const more = someFingerprint(
      someNode("c/worker1", 3, { shards: { "public.event": ["102008", "102009", "102011"] } }),
    );
    expect(compareFingerprints(THEN, more)).toEqual([
      "c/worker1: shard of public.event (102008) has been copied there since",
    ]);
    expect(compareFingerprints(more, THEN)).toEqual([
      "c/worker1: shard of public.event (102008) is no longer there",
    ]);
  });

  it("may have other tables by now: a nightly job makes and drops partitions", () => {
    const now = someFingerprint(
      someNode("b/worker1", 2, { shards: { "public.event_2027": ["102100"] } }),
      someNode("c/worker1", 3, { shards: { "public.event_2027": ["102101"], "public.event": ["102009"] } }),
    );
    expect(compareFingerprints(THEN, now)).toEqual([]);
  });

  it("has a node that joined, left, or was added again", () => {
    const joined = { ...THEN, nodes: [...THEN.nodes, someNode("d/worker2", 7)] };
    expect(compareFingerprints(THEN, joined)).toEqual([
      "d/worker2 has joined since (node 7 at 10.0.0.7:5432)",
    ]);
    expect(compareFingerprints(joined, THEN)).toEqual(["d/worker2 has been removed from the cluster since"]);
    const [, , worker] = THEN.nodes;
    const again = someFingerprint({ ...(worker as (typeof THEN.nodes)[0]), nodeid: 9 });
    expect(compareFingerprints(THEN, again)).toEqual([
      "c/worker1 has been removed and added again since (node 9, was 3)",
    ]);
  });

  it.each([
    [
      { silent: "connection refused", server: null },
      "c/worker1 answered then, and doesn't now: connection refused",
    ],
    [
      { isactive: false },
      "c/worker1 was active then, and is disabled now (isactive is false in pg_dist_node)",
    ],
    [{ shouldhaveshards: false }, "c/worker1 took shards then, and takes none now (drained, or set by hand)"],
    [
      { endpoint: "10.0.0.9:5432" },
      "c/worker1 is registered at 10.0.0.9:5432, and was at 10.0.0.3:5432 then",
    ],
    [
      { server: "x" },
      "c/worker1 has become another server since (server id x, was server of c/worker1): its data directory or its extension was recreated",
    ],
  ])("has a node with %j", (change, expected) => {
    const [, , worker] = THEN.nodes;
    const now = someFingerprint({ ...(worker as (typeof THEN.nodes)[0]), ...change });
    expect(compareFingerprints(THEN, now)).toEqual([expected]);
    expect(compareFingerprints(now, THEN)).toHaveLength(1);
  });

  it("has another coordinator", () => {
    expect(compareFingerprints(THEN, { ...THEN, server: "x" })).toEqual([
      "the coordinator has become another server since (server id x, was server of a/coordinator)",
    ]);
  });
});

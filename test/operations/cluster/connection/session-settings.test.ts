import { expect, test } from "vitest";
import { immune } from "../../../../operations/cluster/nodes/immune-statement";
import { quoteLiteral } from "../../../../operations/cluster/connection/quote-literal";
import { STARTUP_OPTIONS } from "../../../../operations/cluster/connection/session-settings";

test("the options of a session's start are those of libpq, with blanks quoted", () => {
  expect(STARTUP_OPTIONS).toContain("-c DateStyle=ISO,MDY ");
  expect(STARTUP_OPTIONS).toContain("-c default_transaction_isolation=read\\ committed ");
  // PostgreSQL's whole message of a start may have 10,000 bytes.
  expect(STARTUP_OPTIONS.length).toBeLessThan(4000);
});

test("a question to another node sets what it depends on, and a change of data stays as it is", () => {
  expect(immune("SELECT now()::text")).toMatch(
    /^WITH \w+ AS MATERIALIZED \(SELECT .*set_config\('DateStyle', 'ISO,MDY', true\).*\)\nSELECT \(SELECT now\(\)::text\) FROM/,
  );
  for (const change of [
    "WITH s AS (INSERT INTO t SELECT 1 RETURNING 1) SELECT count(*) FROM s",
    "ALTER SYSTEM SET work_mem = '4MB'",
    "ROLLBACK PREPARED 'citus_0_1'",
  ])
    expect(immune(change)).toBe(change);
});

test("a block is parsed only once its settings are there", () => {
  const block = `DO ${quoteLiteral("BEGIN PERFORM 'a\\b'; END")}`;
  expect(immune(block)).toMatch(/^DO E'BEGIN PERFORM set_config\(.*EXECUTE /);
  expect(immune(block)).toContain(quoteLiteral(quoteLiteral(block)).slice(2, -1));
});

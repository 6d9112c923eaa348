import { expect, test } from "vitest";
import { quoteLiteral } from "../../../../operations/cluster/connection/quote-literal";
import { immune } from "../../../../operations/cluster/nodes/immune-statement";

test("a question to another node is parsed only once what it depends on is set", () => {
  for (const question of ["SELECT now()::text", "WITH a AS (SELECT 'it''s a\\b') SELECT * FROM a -- all"]) {
    const statement = immune(question);
    expect(statement).toMatch(
      /^WITH \w+ AS MATERIALIZED \(SELECT .*set_config\('DateStyle', 'ISO,MDY', true\).*set_config\('jit', 'off', true\).*\)\nSELECT \(SELECT .*ts_stat\(E?'/s,
    );
    // On lines of its own, as it may end in a comment.
    expect(statement).toContain(quoteLiteral(`\n${question}\n`).replace(/^E?'|'$/g, ""));
  }
});

test("what is parsed before that names the functions of PostgreSQL, whatever search_path leads to", () => {
  const outer = immune("SELECT f(1) FROM g('a')").replace(/E?'(?:[^'\\]|''|\\.)*'/gs, "''");
  const called = [...outer.matchAll(/([\w.]+)\(/g)].map(([, name]) => name);
  expect(called).toContain("pg_catalog.ts_stat");
  expect(called.filter((name) => name?.startsWith("pg_catalog.") === false)).toEqual([]);
  expect(outer).not.toMatch(/<|>|\|\||=/);
});

test("a change of data stays as it is", () => {
  for (const change of [
    "WITH s AS (INSERT INTO t SELECT 1 RETURNING 1) SELECT count(*) FROM s",
    "ALTER SYSTEM SET work_mem = '4MB'",
    "ROLLBACK PREPARED 'citus_0_1'",
  ])
    expect(immune(change)).toBe(change);
});

test("a block is parsed only once its settings are there", () => {
  const block = `DO ${quoteLiteral("BEGIN PERFORM 'a\\b'; END")}`;
  expect(immune(block)).toMatch(/^DO E'BEGIN PERFORM pg_catalog\.set_config\(.*EXECUTE /);
  expect(immune(block)).toContain(quoteLiteral(quoteLiteral(block)).slice(2, -1));
});

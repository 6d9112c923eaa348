import { quoteLiteral } from "../connection/quote-literal";
import { SETTINGS } from "../connection/session-settings";

/**
 * Citus opens the sessions on other nodes itself, without our options: there ALTER DATABASE and ALTER ROLE count. Of several
 * statements in one text it reads the first one's result only, so `SET` before a question gives the answer "SET". So an outer
 * statement sets what the inner one depends on, then has it parsed, planned and carried out. The outer one itself is parsed
 * and planned before: it means the same in any case, with names that no search_path leads elsewhere.
 */
const WITHIN = [
  ...["search_path", "DateStyle", "IntervalStyle", "TimeZone", "extra_float_digits", "bytea_output"],
  ...[
    "xmlbinary",
    "quote_all_identifiers",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "xmloption",
    "array_nulls",
  ],
  ...["standard_conforming_strings", "backslash_quote", "transform_null_equals", "row_security"],
  ...["default_table_access_method", "default_tablespace", "temp_tablespaces", "lock_timeout"],
  // Nothing else of planning: whichever method or limit of it is off, each answer takes about as long (see `askLate`).
  "jit",
].map((name) => set(name, SETTINGS[name] ?? ""));

function set(name: string, value: string): string {
  return `pg_catalog.set_config('${name}', ${quoteLiteral(value)}, true)`;
}

/** Only a superuser may, and every node's is. */
const MESSAGES = `CASE WHEN pg_catalog.current_setting('is_superuser')::boolean THEN ${set("lc_messages", "C")} END`;

/** How often Citus looks whether what that node in turn asks of others has ended. A server without Citus has none. */
const INTERVAL = `CASE WHEN pg_catalog.current_setting('citus.remote_task_check_interval', true) IS NOT NULL THEN ${set("citus.remote_task_check_interval", "10ms")} END`;

const ALL = [...WITHIN, MESSAGES, INTERVAL];

/**
 * The statement, with what it depends on set for itself alone. A question becomes a subquery, which the server works out
 * for the row of the settings, after that row; without a row it answers null. A block of PL/pgSQL is parsed only then, too.
 * Anything else stays as it is: a change of data isn't allowed in a subquery, nor ALTER SYSTEM in a block.
 */
export function immune(statement: string): string {
  if (/^\s*DO\b/i.test(statement)) {
    const settings = ALL.map((each) => `PERFORM ${each};`).join(" ");
    return `DO ${quoteLiteral(`BEGIN ${settings} EXECUTE ${quoteLiteral(statement)}; END`)}`;
  }
  if (!/^\s*(SELECT|WITH)\b/i.test(statement) || CHANGES_DATA.test(statement)) return statement;
  return `WITH pgdist_settings AS MATERIALIZED (SELECT ${ALL.join(", ")})
SELECT (${askLate(statement)}) FROM pgdist_settings`;
}

const CHANGES_DATA = /\b(INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|MERGE\s+INTO)\b/i;

/** Bytes of an answer in one word, twice as many hexadecimal digits: a word of a tsvector may have 2046. */
const WORD = 1000;

/** Words in one tsvector, which may have 1 MB. */
const WORDS = 400;

/**
 * The single value of a question that is parsed and planned only where this subquery is worked out.
 *
 * Whether a plan is compiled (jit) is decided with the plan. Of what `status` asks, compiling took ten times as long as
 * answering where jit_above_cost was 0, and 6 s of processor time instead of 0.05 s where enable_seqscan was off, which
 * makes a plan that can't do without it count as dear; of a node with 2,000 shards it took twice as long by PostgreSQL's
 * own settings. With jit off in time, none of the enable_* and collapse limits alone made a difference of more than a tenth,
 * and geqo_threshold = 2 less than a threefold one (13.0.3, PostgreSQL 17).
 *
 * SQL has two functions that take a query as text and give its result: query_to_xml, which a server without libxml refuses
 * (run on 16.2), and ts_stat, which gives the words of its tsvectors. So the answer travels in words, numbered, in
 * hexadecimal digits of the server's own encoding. That costs about 1 ms, and 0.4 s for 12 MB. They carry a query out as
 * read-only, which refuses SELECT FOR UPDATE, and no function.
 */
function askLate(statement: string): string {
  const words = `SELECT array_to_tsvector(ARRAY(
      SELECT lpad(word::text, 8, '0') || encode(substr(bytes, word * ${WORD} + 1, ${WORD}), 'hex')
        FROM generate_series(part * ${WORDS}, least(part * ${WORDS} + ${WORDS - 1}, length(bytes) / ${WORD})) word))
  FROM (SELECT convert_to(format('%s', answer), getdatabaseencoding()) AS bytes
          FROM (SELECT (
${statement}
) AS answer OFFSET 0) asked WHERE answer IS NOT NULL OFFSET 0) told, generate_series(0, length(bytes) / ${WORD * WORDS}) part`;
  return `SELECT pg_catalog.convert_from(pg_catalog.decode(pg_catalog.string_agg(pg_catalog.substr(word, 9), '' ORDER BY word COLLATE pg_catalog."C"),
   'hex'), pg_catalog.getdatabaseencoding()) FROM pg_catalog.ts_stat(${quoteLiteral(words)})`;
}

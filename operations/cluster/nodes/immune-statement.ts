import { quoteLiteral } from "../connection/quote-literal";
import { SETTINGS } from "../connection/session-settings";

/**
 * Citus opens the sessions on other nodes itself, without our options: there ALTER DATABASE and ALTER ROLE count. Of several
 * statements in one text it reads the first one's result only, so `SET` before a question gives the answer "SET". What is set
 * within the statement itself counts from then on: for how its values are printed, and for the language of its errors. Not
 * for how it was parsed, so our statements are written to mean the same in any case: no backslash in a plain literal, dates
 * and names as values.
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
].map((name) => `set_config('${name}', ${quoteLiteral(SETTINGS[name] ?? "")}, true)`);

/** Only a superuser may, and every node's is. */
const MESSAGES = `CASE WHEN current_setting('is_superuser') = 'on' THEN set_config('lc_messages', 'C', true) END`;

/** How often Citus looks whether what that node in turn asks of others has ended. A server without Citus has none. */
const INTERVAL = `CASE WHEN current_setting('citus.remote_task_check_interval', true) IS NOT NULL THEN set_config('citus.remote_task_check_interval', '10ms', true) END`;

const ALL = [...WITHIN, MESSAGES, INTERVAL];

/**
 * The statement, with what it depends on set for itself alone. A question becomes a subquery, which the server works out
 * for the row of the settings, after that row; without a row it answers null. A block of PL/pgSQL is parsed only then, too.
 * Anything else stays as it is: a change of data isn't allowed in a subquery, nor ALTER SYSTEM in a block.
 */
export function immune(statement: string): string {
  if (/^\s*DO\b/i.test(statement)) {
    const set = ALL.map((each) => `PERFORM ${each};`).join(" ");
    return `DO ${quoteLiteral(`BEGIN ${set} EXECUTE ${quoteLiteral(statement)}; END`)}`;
  }
  if (!/^\s*(SELECT|WITH)\b/i.test(statement) || CHANGES_DATA.test(statement)) return statement;
  return `WITH pgdist_settings AS MATERIALIZED (SELECT ${ALL.join(", ")})
SELECT (${statement}) FROM pgdist_settings`;
}

const CHANGES_DATA = /\b(INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|MERGE\s+INTO)\b/i;

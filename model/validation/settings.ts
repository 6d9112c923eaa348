import { PUBLISHED_SETTING } from "../cluster";
import type { Settings } from "../environment";
import type { Report } from "./problem";

/** Start-up settings that the product or the image decides, with the reason. */
const RESERVED_SETTINGS: Readonly<Record<string, string>> = {
  cluster_name: "it carries the node's identity",
  [PUBLISHED_SETTING]: "it carries where the node's port is published",
  config_file: "the image keeps it in the data directory",
  data_directory: "it is on the node's volume",
  hba_file: "the image keeps it in the data directory",
  ident_file: "the image keeps it in the data directory",
  listen_addresses: "the container must listen on all of its interfaces",
  port: "inside the container it is always 5432; the published port is the node's",
  unix_socket_directories: "the image's entrypoint uses the default",
};

/** @param at where they stand: `settings`, or `workers.b.worker1.settings` */
export function checkSettings(settings: Settings = {}, at: string, report: Report): void {
  for (const [name, value] of Object.entries(settings)) {
    const field = `${at}.${name}`;
    const lower = name.toLowerCase();
    if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/.test(lower)) {
      report(field, `"${name}" is not the name of a PostgreSQL setting`);
      continue;
    }
    if (name !== lower) {
      // PostgreSQL takes any case, and of two spellings the last: one would hide the other, or get past a rule.
      report(field, `"${name}" must be in lower case: write ${lower}`);
      continue;
    }
    if (/[\u0000-\u001f]/.test(String(value))) report(field, `has a control character in its value`);
    const reserved = Object.hasOwn(RESERVED_SETTINGS, name) ? RESERVED_SETTINGS[name] : undefined;
    if (reserved !== undefined) report(field, `can't be set here: ${reserved}`);
    if (name === "wal_level" && value !== "logical") {
      report(field, `"${value}": Citus moves shards online by logical replication; only "logical" will do`);
    }
    if (name === "password_encryption" && value !== "scram-sha-256") {
      report(field, `"${value}": the password is sent to servers by SCRAM only; leave it at "scram-sha-256"`);
    }
    if (name === "shared_preload_libraries" && !/^citus(\s*,|$)/.test(String(value))) {
      report(field, `"${value}": Citus must come first, e.g. "citus,pg_stat_statements"`);
    }
  }
}

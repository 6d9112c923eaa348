import { Option } from "commander";

/** `--database`: other databases with Citus on the same servers are, in their metadata, clusters of their own. */
export function databaseOption(): Option {
  return new Option(
    "--database <name>",
    "another database with Citus on the same servers (default: the environment's)",
  );
}

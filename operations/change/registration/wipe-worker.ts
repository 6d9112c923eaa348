import type { Endpoint } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { Failure } from "../../base/failure";
import { runOnNodes } from "../../cluster/nodes/run-on-nodes";
import type { Session } from "../../cluster/connection/session";

/**
 * In steps, each a transaction of its own. Citus goes first: while it is there it takes tables of its metadata for
 * distributed ones and refuses to drop them on a worker.
 */
const STEPS: readonly (readonly [what: string, statement: string])[] = [
  ["dropping the extension", "DROP EXTENSION IF EXISTS citus CASCADE"],
  [
    "dropping what it holds",
    `DO $pgdist$
     DECLARE name text;
     BEGIN
       PERFORM set_config('client_min_messages', 'error', true);
       FOR name IN SELECT evtname FROM pg_event_trigger LOOP EXECUTE format('DROP EVENT TRIGGER %I', name); END LOOP;
       FOR name IN SELECT pubname FROM pg_publication LOOP EXECUTE format('DROP PUBLICATION %I', name); END LOOP;
       FOR name IN SELECT subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
                    WHERE d.datname = current_database() LOOP
         EXECUTE format('ALTER SUBSCRIPTION %I DISABLE', name);
         EXECUTE format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', name);
         EXECUTE format('DROP SUBSCRIPTION %I', name);
       END LOOP;
       FOR name IN SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' LOOP
         EXECUTE format('DROP EXTENSION IF EXISTS %I CASCADE', name);
       END LOOP;
       FOR name IN SELECT fdwname FROM pg_foreign_data_wrapper LOOP
         EXECUTE format('DROP FOREIGN DATA WRAPPER %I CASCADE', name);
       END LOOP;
       FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
         EXECUTE format('DROP SCHEMA %I CASCADE', name);
       END LOOP;
       PERFORM lo_unlink(oid) FROM pg_largeobject_metadata;
       CREATE SCHEMA public AUTHORIZATION pg_database_owner;
       GRANT USAGE ON SCHEMA public TO PUBLIC;
     END $pgdist$`,
  ],
  ["creating the extension", "CREATE EXTENSION citus"],
];

/**
 * Deletes everything in the cluster's database of a server and sets Citus up anew there, as at a first start. Its other
 * databases and its roles stay.
 *
 * @throws Failure with the step that failed
 */
export async function wipeWorker(session: Session, endpoint: Endpoint): Promise<void> {
  for (const [what, statement] of STEPS) {
    const [answer] = await runOnNodes(session, [endpoint], [statement]);
    if (answer !== undefined && "value" in answer) continue;
    // Without the extension the next wipe would find no Citus there, and end before it began.
    await runOnNodes(session, [endpoint], ["CREATE EXTENSION IF NOT EXISTS citus"]);
    throw new Failure(
      `wiping ${formatEndpoint(endpoint)} failed at ${what}: ${answer?.error ?? "no answer"}`,
      "remove there what the message names, then wipe it again: what is dropped already stays dropped",
    );
  }
}

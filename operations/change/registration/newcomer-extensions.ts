import type { Decision } from "./situation";
import type { Objection } from "../../cluster/nodes/identity";
import { quoteLiteral, runOnNodes } from "../../cluster/nodes/run-on-nodes";
import type { Session } from "../../cluster/connection/session";

/** Those that `citus_add_node` makes on every node that joins. Citus itself is there already. */
const DISTRIBUTED = `SELECT e.extname AS name, e.extversion AS version
  FROM pg_dist_object o JOIN pg_extension e ON o.classid = 'pg_extension'::regclass AND o.objid = e.oid
 WHERE e.extname NOT IN ('plpgsql', 'citus', 'citus_columnar') ORDER BY 1`;

interface Extension {
  readonly name: string;
  readonly version: string;
}

/** What a server can't make: with the versions that it has, if any. */
type Lacking = Extension & { readonly has: readonly string[] };

function lackingStatement(wanted: readonly Extension[]): string {
  const rows = wanted.map(({ name, version }) => `(${quoteLiteral(name)}, ${quoteLiteral(version)})`);
  return `SELECT coalesce(json_agg(json_build_object('name', w.name, 'version', w.version, 'has',
            (SELECT coalesce(json_agg(v.version ORDER BY v.version), '[]')
               FROM pg_available_extension_versions v WHERE v.name = w.name)) ORDER BY w.name), '[]')::text
     FROM (VALUES ${rows.join(", ")}) w(name, version)
    WHERE NOT EXISTS (SELECT FROM pg_available_extension_versions v WHERE v.name = w.name AND v.version = w.version)
      AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = w.name)`;
}

/** Whether every worker that joins has the files of the extensions that the cluster's database uses. Changes nothing. */
export async function checkExtensions(
  session: Session,
  decisions: readonly Decision[],
): Promise<Objection[]> {
  const newcomers = decisions.filter(({ action }) => action === "add");
  const wanted = newcomers.length === 0 ? [] : await session.query<Extension>(DISTRIBUTED);
  if (wanted.length === 0) return [];
  const answers = await runOnNodes(
    session,
    newcomers.map(({ node }) => node.endpoint),
    newcomers.map(() => lackingStatement(wanted)),
  );
  return newcomers.flatMap(({ node }, index): Objection[] => {
    const answer = answers[index];
    // Whatever keeps it from answering keeps it from joining, and is told there.
    const lacking =
      answer !== undefined && "value" in answer ? (JSON.parse(answer.value ?? "[]") as Lacking[]) : [];
    return lacking.map(({ name, version, has }) => ({
      node: node.id,
      what:
        `the extension ${name} ${version}, which the cluster uses, can't be created there: ` +
        (has.length === 0 ? "its image does not have its files" : `its image has only ${has.join(", ")}`),
      remedy: `give ${node.id} an image with ${name} ${version}, as the other nodes have`,
      refused: false,
    }));
  });
}

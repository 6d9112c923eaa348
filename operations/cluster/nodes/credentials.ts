import { createHash, randomBytes } from "node:crypto";
import type { Endpoint } from "../../../model/cluster";
import { Failure } from "../../base/failure";
import type { Session } from "../connection/session";
import type { NodeFacts } from "./node-facts";
import { remedyForWords } from "./node-failure";
import { quoteLiteral, runOnNodes } from "./run-on-nodes";
import { AGAIN, advise } from "../../base/remedy";

/**
 * Nodes log in to each other with pg_dist_authinfo: node 0 stands for any. It is a table of each node alone and counts
 * at once. PGPASSWORD, which the image sets instead, is gone at a container's second start and is one for all roles.
 */
export function authinfoOf(password: string): string {
  return `password='${password.replace(/[\\']/g, "\\$&")}'`;
}

/** Whether what is stored is a client certificate instead. A password may have the same words in it. */
export function isCertificate(authinfo: string | null): boolean {
  const keywords = (authinfo ?? "").replace(/'(?:\\[\s\S]|[^'\\])*'/g, "''");
  return /(?:^|\s)sslcert\s*=/.test(keywords);
}

/** A node whose credentials are to be stored. */
export interface Credentialed {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly facts: Pick<NodeFacts, "authinfo" | "verifier">;
}

/** Stores the credentials on the coordinator itself. */
export async function storeOnCoordinator(
  session: Session,
  user: string,
  password: string,
  facts: Pick<NodeFacts, "authinfo" | "verifier">,
): Promise<boolean> {
  if (facts.authinfo === authinfoOf(password)) return false;
  await session.query(storeStatement(user, authinfoOf(password), facts.verifier));
  return true;
}

/**
 * Stores the credentials on nodes that lack them.
 *
 * @returns ids of those that lacked them
 */
export async function storeOnNodes(
  session: Session,
  user: string,
  password: string,
  nodes: readonly Credentialed[],
): Promise<string[]> {
  const authinfo = authinfoOf(password);
  const lacking = nodes.filter(({ facts }) => facts.authinfo !== authinfo);
  const answers = await runOnNodes(
    session,
    lacking.map(({ endpoint }) => endpoint),
    lacking.map(({ facts }) => storeStatement(user, authinfo, facts.verifier)),
  );
  for (const [index, answer] of answers.entries()) {
    if ("value" in answer) continue;
    const id = lacking[index]?.id ?? "";
    throw new Failure(
      `${id}: storing the credentials failed: ${answer.error}`,
      advise`${remedyForWords(answer.error, { ...session.place, nodes: lacking }, id)}; then ${AGAIN}`,
    );
  }
  return lacking.map(({ id }) => id);
}

/**
 * A statement's text can end in logs (log_statement, log_min_duration_statement, an error), also in those of a worker
 * where no setting of ours reaches. So it holds the password only encrypted, under a key stream that the node can
 * rebuild and a reader of logs can't: SHA-512 of the role's stored password verifier, which only a superuser may read,
 * with a nonce that is used once. A query's result, by which we know the verifier, is never logged.
 */
export function storeStatement(user: string, authinfo: string, verifier: string | null): string {
  const nonce = randomBytes(16).toString("hex");
  const plain = Buffer.from(authinfo);
  const blocks = Math.ceil(plain.length / 64);
  const stream = Buffer.concat(
    Array.from({ length: blocks }, (_, block) =>
      createHash("sha512")
        .update(`${nonce}${block}${verifier ?? ""}`)
        .digest(),
    ),
  );
  const cipher = plain.map((byte, index) => byte ^ (stream[index] as number));
  const role = quoteLiteral(user);
  return `WITH stream AS (
      SELECT string_agg(sha512(convert_to('${nonce}' || block || coalesce(a.rolpassword, ''), 'UTF8')), '' ORDER BY block) AS key
        FROM generate_series(0, ${blocks - 1}) block, pg_authid a WHERE a.rolname = ${role}),
    plain AS (
      SELECT convert_from(string_agg(set_byte(decode('00', 'hex'), 0, get_byte(cipher, i) # get_byte(key, i)), '' ORDER BY i), 'UTF8') AS authinfo
        FROM stream, (SELECT decode('${Buffer.from(cipher).toString("hex")}', 'hex') AS cipher) c, generate_series(0, ${plain.length - 1}) i),
    stored AS (
      INSERT INTO pg_dist_authinfo (nodeid, rolename, authinfo) SELECT 0, ${role}, authinfo FROM plain
      ON CONFLICT (nodeid, rolename) DO UPDATE SET authinfo = excluded.authinfo RETURNING 1)
    SELECT count(*) FROM stored`;
}

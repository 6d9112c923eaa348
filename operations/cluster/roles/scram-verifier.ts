import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** PostgreSQL's own (scram_iterations). */
const ITERATIONS = 4096;

/**
 * What PostgreSQL stores for a password (RFC 5803), so that a statement which sets it, and every log that shows it, holds only
 * this. As `\\password` of psql and PQencryptPasswordConn do.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(prepare(password), salt, ITERATIONS, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const parts = `${ITERATIONS}:${salt.toString("base64")}$${stored}:${hmac("Server Key").toString("base64")}`;
  return `SCRAM-SHA-256$${parts}`;
}

/** SASLprep (RFC 4013) as far as passwords that people type need it: dropped and other spaces, then NFKC. */
function prepare(password: string): string {
  if (/^[\x20-\x7e]*$/.test(password)) return password;
  return password
    .replace(/[\u00AD\u034F\u1806\u180B-\u180D\u200C\u200D\u2060\uFE00-\uFE0F\uFEFF]/g, "")
    .replace(/[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/g, " ")
    .normalize("NFKC");
}

import type { ClusterHost } from "../../../model/cluster";
import { oneLine } from "../../base/failure";
import { EngineError, type EngineErrorCode } from "./engine-failure";

/** Why a connection to an engine failed, from the error of Node's sockets, TLS or HTTP. */
export function explainSocketError(error: unknown, { connection }: ClusterHost): EngineError {
  if (error instanceof EngineError) return error;
  const code = codeOf(error) ?? "";
  const by = { cause: error };
  const local = connection.startsWith("unix:");
  if (local && code === "EACCES") {
    return new EngineError(
      "forbidden",
      `permission denied while trying to connect to the Docker daemon at ${connection}`,
      by,
    );
  }
  if (local && ["ENOENT", "ECONNREFUSED", "ENOTSOCK"].includes(code)) {
    return new EngineError(
      "engine-down",
      `Cannot connect to the Docker daemon at ${connection} (${code})`,
      by,
    );
  }
  const known = BY_CODE[code];
  if (known !== undefined) return new EngineError(known[0], known[1], by);
  return new EngineError(TLS.test(code) ? "tls" : "failed", oneLine(error) || code, by);
}

const BY_CODE: Readonly<Record<string, readonly [EngineErrorCode, string]>> = {
  ECONNREFUSED: ["connection-refused", "connection refused"],
  ECONNRESET: ["connection-lost", "the connection was closed"],
  EPIPE: ["connection-lost", "the connection was closed"],
  ENOTFOUND: ["unknown-name", "the name does not resolve on this machine"],
  EAI_AGAIN: ["unknown-name", "the name does not resolve on this machine"],
  EHOSTUNREACH: ["no-route", "no route to host"],
  ENETUNREACH: ["no-route", "the network is unreachable"],
  ETIMEDOUT: ["timeout", "connection timed out"],
};

/** Node's own codes of TLS, and those of OpenSSL's verification. */
const TLS =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_|EPROTO)/;

/** A name with several addresses fails with one error per address and no message of its own. */
function codeOf(error: unknown): string | undefined {
  const { code, errors } = error as NodeJS.ErrnoException & { errors?: readonly NodeJS.ErrnoException[] };
  return code ?? errors?.[0]?.code;
}

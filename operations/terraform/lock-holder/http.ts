import { randomUUID } from "node:crypto";
import { type RequestOptions, request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import { text } from "node:stream/consumers";
import { type LockHolder, type LockInfo, holderOf } from "../errors/lock-info";
import { type BackendConfig, argumentOf } from "./argument";

/** How long the server may take, in milliseconds. */
const PATIENCE_MS = 5000;

/**
 * Who holds the lock of a state behind an address of HTTP. Terraform 1.11 leaves out what the server says of it, and the
 * only question there is, is the lock itself: it is given back at once where it is free by now.
 */
export async function findHolderByHttp(
  config: BackendConfig,
  env: NodeJS.ProcessEnv,
): Promise<LockHolder | undefined> {
  const argument = (name: string) => argumentOf(config, name, env, `TF_HTTP_${name.toUpperCase()}`);
  const address = argument("lock_address");
  if (address === undefined) return undefined;
  const mine = JSON.stringify({
    ...{ ID: randomUUID(), Operation: "pg-dist asks who holds the lock", Info: "", Who: "pg-dist" },
    ...{ Version: "", Created: new Date().toISOString(), Path: "" },
  });
  const [user, password] = [argument("username"), argument("password")];
  const insecure =
    String(config["skip_cert_verification"] ?? env["TF_HTTP_SKIP_CERT_VERIFICATION"]) === "true";
  const options = {
    ...(user !== undefined && { auth: `${user}:${password ?? ""}` }),
    ...(insecure && { rejectUnauthorized: false }),
    ca: argument("client_ca_certificate_pem"),
    cert: argument("client_certificate_pem"),
    key: argument("client_private_key_pem"),
  };
  const { status, body } = await send(address, argument("lock_method") ?? "LOCK", mine, options);
  if (status === 200) {
    await send(argument("unlock_address") ?? address, argument("unlock_method") ?? "UNLOCK", mine, options);
    return undefined;
  }
  if (status !== 423 && status !== 409) return undefined;
  return holderOf(JSON.parse(body) as LockInfo);
}

async function send(
  address: string,
  method: string,
  body: string,
  options: RequestOptions,
): Promise<{ status: number | undefined; body: string }> {
  const url = new URL(address);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return new Promise((resolve, reject) => {
    const send = url.protocol === "https:" ? overHttps : overHttp;
    const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const sent = send(url, { ...options, method, headers, signal }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode, body: answer }), reject);
    });
    sent.on("error", reject).end(body);
  });
}

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command";

/** PEM of what a client of an engine needs. */
export interface ClientMaterial {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * An authority, a server's certificate for `address` and a client's, as Docker's documentation makes them
 * (https://docs.docker.com/engine/security/protect-access/): each with the one use that it is for.
 *
 * @param folder gets ca.pem, server-cert.pem, server-key.pem; exists already or is made
 */
export async function createEngineCertificates(folder: string, address: string): Promise<ClientMaterial> {
  mkdirSync(folder, { recursive: true });
  const openssl = (...args: string[]) => run("openssl", args);
  const path = (name: string) => join(folder, name);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl(
    ...["req", "-x509", ...key, "-days", "2", "-subj", "/CN=pg-dist testbed"],
    ...["-keyout", path("ca-key.pem"), "-out", path("ca.pem")],
  );
  for (const [name, use] of [
    ["server", `extendedKeyUsage=serverAuth\nsubjectAltName=IP:${address}`],
    ["client", "extendedKeyUsage=clientAuth"],
  ] as const) {
    writeFileSync(path(`${name}.ext`), `${use}\n`);
    await openssl(
      ...["req", ...key, "-subj", `/CN=${name}`],
      ...["-keyout", path(`${name}-key.pem`), "-out", path(`${name}.csr`)],
    );
    await openssl(
      ...["x509", "-req", "-days", "2", "-in", path(`${name}.csr`), "-extfile", path(`${name}.ext`)],
      ...["-CA", path("ca.pem"), "-CAkey", path("ca-key.pem"), "-CAcreateserial"],
      ...["-out", path(`${name}-cert.pem`)],
    );
  }
  const read = (name: string) => readFileSync(path(name), "utf8");
  return { ca: read("ca.pem"), cert: read("client-cert.pem"), key: read("client-key.pem") };
}

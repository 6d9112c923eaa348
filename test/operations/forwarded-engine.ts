import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, type Server, type Socket, connect, createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTls } from "node:tls";

/** The local engine at a port of loopback, as one that listens by TCP. */
export class ForwardedEngine {
  private constructor(
    private readonly server: Server,
    /** Terraform's variables of the TLS connection `docker`; empty without TLS. */
    readonly material: Readonly<Record<string, string>>,
  ) {}

  /** @param options tls: whether it asks for a certificate */
  static async start({ tls }: { readonly tls: boolean }): Promise<ForwardedEngine> {
    const pems = tls ? createCertificates() : undefined;
    const server =
      pems === undefined
        ? createTcp({ allowHalfOpen: true }, forward)
        : createTls({ ...pems, requestCert: true, rejectUnauthorized: true, allowHalfOpen: true }, forward);
    server.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const material = Object.entries(pems ?? {}).map(([part, pem]) => [`TF_VAR_docker_${part}`, pem]);
    return new ForwardedEngine(server, Object.fromEntries(material));
  }

  get connection(): string {
    return `tcp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
  }
}

function forward(client: Socket): void {
  const socket = connect({ path: "/var/run/docker.sock", allowHalfOpen: true });
  client.pipe(socket).pipe(client);
  client.on("error", () => socket.destroy());
  client.on("close", () => socket.destroy());
  socket.on("error", () => client.destroy());
}

/** One key signed by itself as authority, server and client: what is tested is that it is asked for and sent. */
export function createCertificates(): Record<"ca" | "cert" | "key", string> {
  const folder = mkdtempSync(join(tmpdir(), "pg-dist-tls-"));
  try {
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"],
        ...["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
      ],
      { cwd: folder, stdio: "pipe" },
    );
    const [cert, key] = ["cert.pem", "key.pem"].map((name) => readFileSync(join(folder, name), "utf8"));
    if (cert === undefined || key === undefined) throw new Error("no certificate");
    return { ca: cert, cert, key };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { type Dispatcher, EnvHttpProxyAgent } from "undici";
import { EXIT, Failure } from "../../base/failure";

/** What Go's TLS, and so Terraform, trusts beside SSL_CERT_FILE; Node knows its own list alone. */
const SYSTEM_CERTIFICATES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/**
 * The way to a server by HTTPS as Terraform goes it: by the proxy of HTTPS_PROXY, but to the hosts of NO_PROXY directly, and
 * with the certificates of SSL_CERT_FILE, the system and Node.
 *
 * @param env nothing of it is taken from the process
 * @throws Failure (usage) where HTTPS_PROXY is no address
 */
export function connectionsOf(env: Readonly<NodeJS.ProcessEnv>): Dispatcher {
  const tls = { ca: certificates(env) };
  return new EnvHttpProxyAgent({
    // Directly; through a proxy's tunnel; to a proxy that itself is asked by HTTPS.
    ...{ connect: tls, requestTls: tls, proxyTls: tls },
    // Go takes HTTP_PROXY for http:// alone, undici for https:// too where nothing else is given.
    httpProxy: "",
    httpsProxy: proxyOf(env),
    noProxy: env.NO_PROXY || env.no_proxy || "",
  });
}

/** Empty where there is none. Go takes one without a scheme for http://. */
function proxyOf(env: Readonly<NodeJS.ProcessEnv>): string {
  const name = env.HTTPS_PROXY ? "HTTPS_PROXY" : "https_proxy";
  const value = env[name];
  if (!value) return "";
  const address = value.includes("://") ? value : `http://${value}`;
  if (URL.canParse(address) && /^(?:https?|socks5):$/.test(new URL(address).protocol)) return address;
  // Without its value: a proxy's address may have a password.
  throw new Failure(
    `${name} is not the address of a proxy`,
    "set it to one like http://proxy:3128, or unset it",
    {
      exitCode: EXIT.usage,
    },
  );
}

function certificates(env: Readonly<NodeJS.ProcessEnv>): string[] {
  return [
    ...rootCertificates,
    ...[env.SSL_CERT_FILE ?? "", ...SYSTEM_CERTIFICATES].flatMap((file) => {
      try {
        return [readFileSync(file, "utf8")];
      } catch {
        // Go takes what it finds, too.
        return [];
      }
    }),
  ];
}

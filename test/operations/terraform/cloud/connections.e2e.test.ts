import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type Server, createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CloudApi } from "../../../../operations/terraform/cloud/api";
import { ConnectProxy } from "../../../fixtures/connect-proxy";
import { createCertificates } from "../../../fixtures/forwarded-engine";
import { temporaryFolder } from "../../../synthesis";

/** Behind the proxy alone: this machine knows no such name. */
const HOST = "tfe.example.com";

describe("a server behind a proxy, with a certificate that only SSL_CERT_FILE knows", () => {
  let server: Server;
  let proxy: ConnectProxy;
  let ca = "";

  beforeEach(async () => {
    const pems = createCertificates(`DNS:${HOST}`);
    ca = join(temporaryFolder(), "ca.pem");
    writeFileSync(ca, pems.ca);
    server = createServer(pems, (request, response) => {
      const discovery = request.url === "/.well-known/terraform.json";
      response.end(
        JSON.stringify(discovery ? { "tfe.v2": "/api/v2/" } : { token: request.headers.authorization }),
      );
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    proxy = await ConnectProxy.start((server.address() as AddressInfo).port);
  });
  afterEach(async () => {
    await proxy.stop();
    server.closeAllConnections();
    server.close();
  });

  const ask = (env: NodeJS.ProcessEnv) =>
    new CloudApi(HOST, { TF_TOKEN_tfe_example_com: "made-up", HTTPS_PROXY: proxy.address, ...env }).get(
      "/runs/run-1",
      "run run-1",
    );

  it("answers", async () => {
    expect(await ask({ SSL_CERT_FILE: ca })).toEqual({ token: "Bearer made-up" });
    expect(new Set(proxy.asked)).toEqual(new Set([`${HOST}:443`]));
  });

  it("is not trusted without it", async () => {
    await expect(ask({})).rejects.toThrow(/can't be reached: .*self-signed certificate/);
  });
});

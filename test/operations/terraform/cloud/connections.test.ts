import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CloudApi } from "../../../../operations/terraform/cloud/api";
import { connectionsOf } from "../../../../operations/terraform/cloud/connections";
import { tokenVariables } from "../../../../operations/base/caller/cloud-tokens";
import { ConnectProxy } from "../../../fixtures/connect-proxy";

describe("the way to the server of remote runs", () => {
  let proxy: ConnectProxy;
  let other: ConnectProxy;
  /** What speaks no TLS: whoever gets there directly fails, as by a proxy that refuses. */
  let host = "";
  const ask = async (env: NodeJS.ProcessEnv) => {
    const [variable] = tokenVariables(host);
    const api = new CloudApi(host, { [variable]: "made-up", ...env });
    await expect(api.get("/runs/run-1", "run run-1")).rejects.toThrow(`${host} can't be reached: `);
  };

  beforeEach(async () => {
    [proxy, other] = [await ConnectProxy.start(), await ConnectProxy.start()];
    host = new URL(other.address).host;
    vi.stubEnv("HTTPS_PROXY", other.address);
    vi.stubEnv("https_proxy", other.address);
    vi.stubEnv("HTTP_PROXY", other.address);
    vi.stubEnv("http_proxy", other.address);
    vi.stubEnv("NO_PROXY", "");
    vi.stubEnv("no_proxy", "");
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await Promise.all([proxy.stop(), other.stop()]);
  });

  it.each(["HTTPS_PROXY", "https_proxy"])("is the proxy of the caller's %s", async (name) => {
    await ask({ [name]: proxy.address });
    expect(proxy.asked).toEqual([host]);
  });

  it("is a proxy without a scheme, too", async () => {
    await ask({ HTTPS_PROXY: proxy.address.replace("http://", "") });
    expect(proxy.asked).toEqual([host]);
  });

  it("is direct without one, with one for http:// alone, and to the hosts of NO_PROXY", async () => {
    await ask({});
    await ask({ HTTP_PROXY: proxy.address });
    await ask({ HTTPS_PROXY: proxy.address, NO_PROXY: "127.0.0.1" });
    await ask({ HTTPS_PROXY: proxy.address, no_proxy: "127.0.0.1" });
    expect(proxy.asked).toEqual([]);
    // The process' own variables are not the caller's.
    vi.stubEnv("NO_PROXY", "127.0.0.1");
    vi.stubEnv("no_proxy", "127.0.0.1");
    await ask({ HTTPS_PROXY: proxy.address });
    expect(proxy.asked).toEqual([host]);
    expect(other.asked).toEqual([]);
  });

  it.each(["http://me:s3cret@", "ftp://me:s3cret@proxy:3128"])("is not by %s", (address) => {
    const open = () => connectionsOf({ HTTPS_PROXY: address });
    expect(open).toThrow("HTTPS_PROXY is not the address of a proxy: set it to one like http://proxy:3128");
    expect(open).not.toThrow("s3cret");
  });
});

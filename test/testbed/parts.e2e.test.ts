import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { askImageRegistry } from "../../testbed/citus-image";
import { findParts, findTerraform } from "../../testbed/parts";
import { askProviderRegistry } from "../../testbed/terraform-providers";

const directories: string[] = [];
const servers: Server[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A server that gives every request the same answer, at a Unix socket or a free port of loopback. */
async function serve(status: number, body: string, socket?: string): Promise<Server> {
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  servers.push(server);
  await new Promise<void>((resolve) =>
    socket === undefined ? server.listen(0, "127.0.0.1", resolve) : server.listen(socket, resolve),
  );
  return server;
}

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

describe("the image registry, as an engine tells of it", () => {
  const ask = async (status: number, message: string) => {
    const directory = mkdtempSync(join(tmpdir(), "pg-dist-parts-"));
    directories.push(directory);
    const socket = join(directory, "engine.sock");
    await serve(status, JSON.stringify({ message }), socket);
    return askImageRegistry(socket);
  };

  it("has the image", async () => {
    expect(await ask(200, "")).toBeUndefined();
  });

  it.each([
    'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.1:53: no such host',
    'Get "https://registry-1.docker.io/v2/": dial tcp 10.0.0.2:443: connect: connection refused',
    'Get "https://registry-1.docker.io/v2/": net/http: TLS handshake timeout',
  ])("can't be reached: %s", async (message) => {
    expect(await ask(500, message)).toBe(message);
  });

  it.each([
    [401, "unauthorized: incorrect username or password"],
    [403, "denied: requested access to the resource is denied"],
    [500, "toomanyrequests: You have reached your pull rate limit"],
    [500, "received unexpected HTTP status: 503 Service Unavailable"],
  ])("answers with an error, which is reported: %i %s", async (status, message) => {
    await expect(ask(status, message)).rejects.toThrow(`HTTP ${status}, ${message}`);
  });
});

describe("Terraform's registry", () => {
  const source = "hashicorp/null";

  it("has the provider", async () => {
    expect(await askProviderRegistry(source, urlOf(await serve(200, "{}")))).toBeUndefined();
  });

  it("can't be reached when nobody listens", async () => {
    const server = await serve(200, "");
    const url = urlOf(server);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await askProviderRegistry(source, url)).toMatch(/curl: \(7\)/);
  });

  it.each([401, 403, 429, 503])("answers with an error, which is reported: %i", async (status) => {
    await expect(askProviderRegistry(source, urlOf(await serve(status, "")))).rejects.toThrow(
      `HTTP ${status}`,
    );
  });

  it("is behind a proxy that refuses, which is reported", async () => {
    const proxy = await serve(200, "");
    proxy.on("connect", (_request, socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
    vi.stubEnv("https_proxy", urlOf(proxy));
    await expect(askProviderRegistry(source, "https://registry.invalid")).rejects.toThrow(/403/);
  });
});

it("a mistyped PGDIST_PARTS is an error", async () => {
  vi.stubEnv("PGDIST_PARTS", "fake");
  await expect(findParts()).rejects.toThrow('PGDIST_PARTS is "fake"; it can be auto, real or stand-in.');
});

describe("the command that runs the plans", () => {
  /** A PATH with these commands only, which say a version as Terraform and OpenTofu do. */
  function pathWith(...commands: string[]): string {
    const folder = mkdtempSync(join(tmpdir(), "pg-dist-parts-"));
    directories.push(folder);
    symlinkSync("/bin/sh", join(folder, "sh"));
    for (const command of commands) {
      const script = `#!/bin/sh\necho '{ "terraform_version": "1.9.0" }'\n`;
      writeFileSync(join(folder, command), script, { mode: 0o755 });
    }
    vi.stubEnv("PATH", folder);
    vi.stubEnv("TERRAFORM_BINARY_NAME", "");
    return folder;
  }

  it("is terraform, or tofu where that isn't there", async () => {
    const both = pathWith("tofu", "terraform");
    expect(await findTerraform()).toEqual({ path: join(both, "terraform"), version: "1.9.0" });
    const one = pathWith("tofu");
    expect(await findTerraform()).toEqual({ path: join(one, "tofu"), version: "1.9.0" });
  });

  it("is an error where neither is there, or not the one that is named", async () => {
    pathWith();
    await expect(findTerraform()).rejects.toThrow(/terraform or tofu is not in PATH: install/);
    pathWith("terraform");
    vi.stubEnv("TERRAFORM_BINARY_NAME", "tofu");
    await expect(findTerraform()).rejects.toThrow(/^tofu is not in PATH/);
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { isAbsent, pingEngine } from "../../testbed/engine";

/** A socket in a folder of its own; something listens there if it is said how it answers. */
async function socketOf(answer?: RequestListener): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "pg-dist-engine-"));
  const socket = join(folder, "engine.sock");
  onTestFinished(() => rmSync(folder, { recursive: true }));
  if (answer !== undefined) {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => void server.close());
  }
  return socket;
}

it("waits for an engine that is slow, as on a busy machine", async () => {
  const slow = await socketOf((_request, response) => void setTimeout(() => response.end("OK"), 5_000));
  expect(await pingEngine(slow)).toBeUndefined();
});

it("takes an engine for absent only where nothing listens", async () => {
  const nobody = await pingEngine(await socketOf());
  expect(nobody).toBe("ENOENT");
  expect(isAbsent(nobody ?? "")).toBe(true);
  const broken = await pingEngine(await socketOf((_request, response) => response.writeHead(503).end()));
  expect(broken).toBe("HTTP 503");
  expect(isAbsent(broken ?? "")).toBe(false);
});

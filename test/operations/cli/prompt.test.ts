import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

const PG_DIST = join(__dirname, "../../../bin/pg-dist.mjs");

/** A port of this machine on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

it("asks for the password on a terminal, and never shows it", async ({ skip }) => {
  if (process.platform !== "linux") skip("a terminal is made by the script command of util-linux");
  const secret = randomBytes(8).toString("hex");
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), "pg-dist-prompt-"));
  const command = `exec ${process.execPath} ${PG_DIST} nodes --url postgres://app@127.0.0.1:${port}/shop`;
  const env = { PATH: process.env["PATH"], HOME: home, TERM: "xterm", SHELL: "/bin/sh" };
  try {
    const child = spawn("script", ["-qec", command, "/dev/null"], { env });
    let output = "";
    let answered = false;
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (answered || !output.includes("Password of app")) return;
      answered = true;
      child.stdin.write(`${secret}\r`);
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    expect(output).toContain(`Password of app for 127.0.0.1:${port}/shop:`);
    expect(output).toContain(`the server 127.0.0.1:${port} can't be reached: connection refused`);
    expect(output).not.toContain(secret);
    expect(code).toBe(1);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

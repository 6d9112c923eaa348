#!/usr/bin/env node
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

// In a clone they are bundled of the sources as they are now; the installed package has them.
if (existsSync(new URL("../operations/cli.ts", import.meta.url))) {
  const { bundleCommands } = await import("../operations/bundle-commands.mjs");
  await bundleCommands();
}
createRequire(import.meta.url)("../dist/commands.cjs");

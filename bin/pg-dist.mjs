#!/usr/bin/env node
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

// In a clone the sources run as they are; the installed package has them compiled.
const require = createRequire(import.meta.url);
const sources = fileURLToPath(new URL("../operations/cli.ts", import.meta.url));
if (existsSync(sources)) {
  const { register } = await import("tsx/cjs/api");
  register();
  require(sources);
} else {
  require("../dist/operations/cli.js");
}

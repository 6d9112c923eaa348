import { spawn } from "node:child_process";

// The child handles Ctrl-C itself, which reaches it from the terminal: it removes its hosts.
const child = spawn("node", ["--import", "tsx", "test/faults/faults.ts", ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("close", (code) => {
  process.exitCode = code ?? 1;
});

// The stand-in provider's process: one server with a listener for each provider. Started by index.ts, which reads
// the line of ports from standard output and keeps standard input open for as long as it lives.
import { dockerProvider } from "./docker-provider";
import { nullProvider } from "./null-resource";
import { serveProvider } from "./server";

// An interrupted Terraform stops gracefully and needs its provider until then; a Ctrl+C reaches the whole group.
process.on("SIGINT", () => undefined);
process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();

async function main(): Promise<void> {
  const ports = {
    [dockerProvider.source]: await serveProvider(dockerProvider),
    [nullProvider.source]: await serveProvider(nullProvider),
  };
  process.stdout.write(`${JSON.stringify(ports)}\n`);
}

void main();

import { findParts } from "./parts";
import { Testbed } from "./testbed";

const USAGE = `usage: tsx testbed/cli.ts up <host>...   start test hosts, print how to reach them, stay until killed
       tsx testbed/cli.ts sweep         remove what dead testbeds left`;

async function main([command, ...hosts]: string[]): Promise<void> {
  if (command === "sweep" && hosts.length === 0) {
    const removed = await Testbed.sweep();
    console.error(removed.length === 0 ? "nothing to remove" : `removed ${removed.join(", ")}`);
  } else if (command === "up" && hosts.length > 0) {
    await up(hosts);
  } else {
    throw new Error(USAGE);
  }
}

async function up(hosts: readonly string[]): Promise<void> {
  const log = (line: string) => console.error(line);
  const parts = await findParts({ log });
  console.error(parts.banner);
  const bed = await Testbed.start({ hosts, parts, log });
  const connections = {
    id: bed.id,
    sshOptions: bed.sshOptions,
    sshPath: bed.sshEnvironment.PATH.split(":")[0],
    env: parts.env,
    cdktfArgs: parts.cdktfArgs,
    hosts: Object.values(bed.hosts).map(({ id, address, name, dnsNames, connection, socket }) => ({
      ...{ id, address, name, dnsNames, connection, socket },
    })),
  };
  console.log(JSON.stringify(connections, null, 2));
  await new Promise<void>((resolve) => {
    const alive = setInterval(() => undefined, 60_000);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => {
        clearInterval(alive);
        resolve();
      });
    }
  });
  await bed.stop();
  await parts.stop();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

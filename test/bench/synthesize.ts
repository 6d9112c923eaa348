import { App } from "cdktf";
import type { Environment } from "../../model/environment";
import { CitusStack } from "../../stacks/citus-stack";

/** Synthesizes one environment in a process of its own, and prints what the whole process took. */
const [outdir = "", workers = "4"] = process.argv.slice(2);
const PER_HOST = 10;
const hostCount = Math.ceil(Number(workers) / PER_HOST);
const hosts = Array.from({ length: hostCount }, (_, index) => `server-${index + 1}`);
const environment: Environment = {
  name: "synthesis",
  hosts: Object.fromEntries(
    hosts.map((id, index) => [
      id,
      { connection: `ssh://root@10.1.0.${index + 1}`, address: `10.1.0.${index + 1}` },
    ]),
  ),
  coordinator: { host: "server-1" },
  workers: Object.fromEntries(
    hosts.map((id, index) => [id, Math.min(PER_HOST, Number(workers) - index * PER_HOST)]),
  ),
};
const app = new App({ outdir });
new CitusStack(app, environment);
app.synth();
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(
  JSON.stringify({
    seconds: process.uptime(),
    // What else the machine does counts little in this one.
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    megabytes: maxRSS / 1024,
  }),
);

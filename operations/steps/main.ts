import { parseArgs } from "node:util";
import { type Caller, callerOf } from "../base/caller/caller";
import { readCluster } from "../cluster/cluster-file";
import { EXIT, type ExitCode, Failure, oneLine } from "../base/failure";
import { guard } from "./guard";
import { guardContainer } from "../change/replacement/container";
import { endWithParent } from "../cluster/connection/interrupt";
import { leave } from "./leave";
import { createProgress } from "../base/progress";
import { register } from "../change/register";
import { report } from "../cluster/connection/report";

/**
 * The program that Terraform runs in the stack's folder. It is bundled into one file (bundle.mjs) and needs nothing
 * but Node.
 */
const USAGE =
  "usage: pg-dist.mjs register|leave --node ID|guard [--node ID] --cluster FILE [--expect DIGEST]";

async function run(args: readonly string[], caller: Caller): Promise<ExitCode> {
  const { values, positionals } = parseUsage(args);
  const [command, ...rest] = positionals;
  if (rest.length > 0) throw new Failure(`unexpected ${rest.join(" ")}`, USAGE, { exitCode: EXIT.usage });
  if (values.cluster === undefined)
    throw new Failure("--cluster is missing", USAGE, { exitCode: EXIT.usage });
  if (command === "leave" && values.node === undefined)
    throw new Failure("--node is missing", USAGE, { exitCode: EXIT.usage });
  if (command === "register" && values.node !== undefined)
    throw new Failure("--node is not for register", USAGE, { exitCode: EXIT.usage });
  const options = {
    caller,
    progress: createProgress("terraform", (line) => process.stdout.write(`${caller.redact(line)}\n`)),
  };
  switch (command) {
    case "register":
      await register(readCluster(values.cluster, values.expect), options);
      return EXIT.ok;
    case "leave":
      await leave(readCluster(values.cluster, values.expect), values.node ?? "", options);
      return EXIT.ok;
    case "guard":
      if (values.node === undefined) await guard(readCluster(values.cluster, values.expect), options);
      else await guardContainer(readCluster(values.cluster, values.expect), values.node, options);
      return EXIT.ok;
    default:
      throw new Failure(`unknown command ${command ?? ""}`.trim(), USAGE, { exitCode: EXIT.usage });
  }
}

function parseUsage(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { cluster: { type: "string" }, expect: { type: "string" }, node: { type: "string" } },
    });
  } catch (error) {
    throw new Failure(oneLine(error), USAGE, { exitCode: EXIT.usage, cause: error });
  }
}

// A run whose Terraform was killed has no reader any more.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);
endWithParent();

const caller = callerOf(process.env);
run(process.argv.slice(2), caller).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.exitCode = report(error, "terraform", caller.redact);
  },
);

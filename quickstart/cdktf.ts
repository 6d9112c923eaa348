import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { local } from "../environments/local";
import { Failure } from "../operations/base/failure";
import { createApplyLog } from "./apply-log";
import { type Context, stateFile } from "./context";
import { remedyFor } from "./remedy";

export interface CdktfRun {
  readonly action: "deploy" | "destroy";
  readonly args: readonly string[];
  /** On top of the process's own. Secrets go here: never into the arguments. */
  readonly env: Readonly<Record<string, string>>;
}

/** The complete output of the last run, as messages name it. */
const LOG = "state/quickstart.log";

/**
 * Runs `cdktf deploy` or `cdktf destroy` for the environment, shows what happens, and keeps all of it in a log.
 *
 * @throws Failure with the cause that Terraform or the program for registration gave
 */
export async function runCdktf(context: Context, { action, args, env }: CdktfRun): Promise<void> {
  const log = createApplyLog(local.name, (line) => context.say(`  ${line}`));
  const file = stateFile(context.root, "quickstart.log");
  mkdirSync(dirname(file), { recursive: true });
  const copy = createWriteStream(file);
  // cdktf runs Terraform in a pseudo-terminal of its own, so its output is the same through a pipe.
  const cdktf = join(context.root, "node_modules", ".bin", "cdktf");
  const child = spawn(cdktf, [action, local.name, "--auto-approve", "--no-color", ...args], {
    cwd: context.root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env, TERRAFORM_BINARY_NAME: context.terraform },
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      copy.write(text);
      log.write(text);
    });
  }
  const interrupts = passOnSignals(context, child);
  const [code] = (await once(child, "close")) as [number | null];
  log.end();
  copy.end();
  const again = action === "deploy" ? "npm run quickstart" : "npm run quickstart -- --destroy";
  if (interrupts.end()) {
    throw new Failure(`cdktf ${action} ${local.name} was interrupted`, `${again} resumes where it stopped`);
  }
  if (code === 0) return;
  const detail = [...log.detail, "", `The complete output is in ${LOG}.`];
  if (log.verdict !== undefined) throw new Failure(log.verdict, `then run ${again} again`, { detail });
  const cause = log.cause ?? `cdktf ${action} ${local.name} ended with ${code ?? "a signal"}`;
  throw new Failure(cause, `${remedyFor(log.detail.join(" "))}, then run ${again} again`, { detail });
}

/** cdktf stops Terraform in an orderly way on SIGINT; we wait for that. Ctrl+C reaches it anyway, a signal for us alone doesn't. */
function passOnSignals(context: Context, child: { kill(signal: NodeJS.Signals): boolean }) {
  let interrupted = false;
  const listener = (): void => {
    if (!interrupted) context.say("interrupted: waiting for Terraform to stop what it has begun");
    interrupted = true;
    child.kill("SIGINT");
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, listener);
  return {
    end: () => {
      for (const signal of signals) process.off(signal, listener);
      return interrupted;
    },
  };
}

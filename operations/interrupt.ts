import { Failure } from "./failure";

/** What ends a program from outside. SIGHUP is the end of the terminal, as when ssh drops. */
export const INTERRUPTS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs work that must put something back when it is interrupted (Ctrl-C in Terraform reaches its programs too). The work
 * is told by the signal, and is expected to end; a second interrupt ends the program at once.
 */
export async function interruptible<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals) => {
    release();
    controller.abort(new Failure(`interrupted by ${name}`, "apply again: it goes on from here"));
  };
  const release = () => INTERRUPTS.forEach((name) => process.off(name, stop));
  INTERRUPTS.forEach((name) => process.on(name, stop));
  try {
    return await work(controller.signal);
  } finally {
    release();
  }
}

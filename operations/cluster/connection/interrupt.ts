import { Failure } from "../../base/failure";
import { INTERRUPTS, SAME_INTERRUPT_MS } from "../../base/interrupts";
import type { Session } from "./session";
import { AGAIN, advise } from "../../base/remedy";

/** Some work was told to end: it is on its way. */
let told = false;

/**
 * Runs work that must put something back when it is interrupted. The statement that runs then is cancelled, the work is
 * told by the signal, and whatever it makes of that, the interrupt is its outcome; a later one ends the program at once.
 *
 * @param onInterrupt is called when it is told, e.g. to say so
 * @throws Failure that names the interrupt, once nothing of the statement runs any more
 */
export async function interruptible<Result>(
  session: Pick<Session, "cancel">,
  work: (signal: AbortSignal) => Promise<Result>,
  onInterrupt: (name: string) => void = () => undefined,
): Promise<Result> {
  const controller = new AbortController();
  let cancelled: Promise<void> = Promise.resolve();
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) return;
    setTimeout(release, SAME_INTERRUPT_MS).unref();
    told = true;
    controller.abort(new Failure(`interrupted by ${name}`, advise`${AGAIN}: it resumes where it stopped`));
    onInterrupt(name);
    cancelled = session.cancel();
  };
  const release = () => INTERRUPTS.forEach((name) => process.off(name, stop));
  INTERRUPTS.forEach((name) => process.on(name, stop));
  try {
    return await work(controller.signal);
  } catch (error) {
    // That the statement was cancelled says less than why.
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    // After an interrupt what it began is put back, which the same one must not end.
    if (!controller.signal.aborted) release();
    // What is asked from now on must not be hit by it.
    await cancelled;
  }
}

/** Between two looks whether the parent is still there, in milliseconds. */
const LOOK_MS = 500;

/**
 * Has a program of Terraform's end as by SIGTERM when whoever started it is gone. An interrupted Terraform (1.11) kills the
 * shell of its local-exec at once, and nothing else: where the interrupt didn't come from a terminal, which gives it to
 * all, the program would go on with nobody there to see it.
 */
export function endWithParent(): void {
  const parent = process.ppid;
  const end = () => {
    clearInterval(timer);
    process.stdout.off("error", end);
    if (!told) process.kill(process.pid, "SIGTERM");
  };
  const timer = setInterval(() => {
    if (process.ppid !== parent) end();
  }, LOOK_MS);
  timer.unref();
  process.stdout.on("error", end);
}

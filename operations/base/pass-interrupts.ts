import type { ChildProcess } from "node:child_process";
import { INTERRUPTS, SAME_INTERRUPT_MS } from "./interrupts";
import { Stopwatch } from "./stopwatch";

/**
 * Has a child take the interrupts of this program, whatever they are, as SIGINT: by its first one Terraform ends what it
 * has begun and stops, and by its second one it ends at once. One that comes right after another is the same one.
 *
 * @param onInterrupt is told how many that makes
 * @returns ends it: from then on an interrupt ends this program
 */
export function passInterrupts(
  child: Pick<ChildProcess, "kill">,
  onInterrupt: (count: number) => void,
  since = new Stopwatch(),
): () => void {
  let count = 0;
  const pass = () => {
    if (count > 0 && since.ms < SAME_INTERRUPT_MS) return;
    since.restart();
    count++;
    child.kill("SIGINT");
    onInterrupt(count);
  };
  for (const name of INTERRUPTS) process.on(name, pass);
  return () => INTERRUPTS.forEach((name) => process.off(name, pass));
}

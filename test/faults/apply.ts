import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { identify } from "../../testbed/state";
import { type Running, descendantsOf, isProgram, isProvider, kill } from "./processes";

export interface Outcome {
  /** Null when it was killed. */
  readonly exitCode: number | null;
  readonly output: string;
  readonly seconds: number;
}

const POLL_MS = 25;

/** A `terraform apply` while it runs. */
export class Apply {
  output = "";
  private readonly started = performance.now();
  private outcome: Outcome | undefined;
  readonly ended: Promise<Outcome>;

  constructor(private readonly terraform: ChildProcess) {
    for (const stream of [terraform.stdout, terraform.stderr])
      stream?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    // Not "close": a program that outlives Terraform keeps its output open.
    this.ended = new Promise((resolve, reject) => {
      terraform.once("error", reject);
      terraform.once("exit", (exitCode) => {
        setTimeout(() => {
          this.outcome = { exitCode, output: this.output, seconds: this.age };
          resolve(this.outcome);
        }, 50);
      });
    });
  }

  /** Seconds since its start. */
  get age(): number {
    return (performance.now() - this.started) / 1000;
  }

  get isRunning(): boolean {
    return this.terraform.exitCode === null && this.terraform.signalCode === null;
  }

  /** The processes that it started. */
  get below(): Running[] {
    return this.isRunning ? descendantsOf(this.terraform.pid) : [];
  }

  /** The program of local-exec, where one runs. */
  get program(): Running | undefined {
    return this.below.find(isProgram);
  }

  /** Until a condition holds; false where the apply ended, or the time was over, before. */
  async until(condition: () => boolean, seconds = 300): Promise<boolean> {
    const deadline = this.age + seconds;
    while (this.isRunning && this.age < deadline) {
      if (condition()) return true;
      await sleep(POLL_MS);
    }
    return false;
  }

  /** @returns whether it still ran */
  async passed(seconds: number): Promise<boolean> {
    await this.until(() => this.age >= seconds);
    return this.isRunning;
  }

  /** Kills Terraform alone. @returns the providers that are left without it, or undefined where it had ended */
  kill(): Running[] | undefined {
    const identity = identify(this.terraform.pid ?? 0);
    const providers = this.below.filter(isProvider);
    return identity !== undefined && kill(identity) ? providers : undefined;
  }
}

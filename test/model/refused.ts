import type { DockerHostOptions, Environment, WorkerOptions } from "../../model/environment";
import { findProblems } from "../../model/validation/validation";
import { expect, it } from "vitest";
import { clusterOf, server } from "./samples";

/** Every problem as one line, `field: problem`. */
export function problemsOf(environment: Environment): string[] {
  return findProblems(environment).map(({ field, problem }) => `${field}: ${problem}`);
}

/** A test that the environment has exactly this problem. */
export function refused(what: string, environment: Environment, problem: string): void {
  it(`refuses ${what}`, () => {
    expect(problemsOf(environment)).toEqual([problem]);
  });
}

/** Servers `a` and `b`, of which the second is as given. */
export function withHost(more: Partial<DockerHostOptions>): Environment {
  return clusterOf({ b: 1 }, { hosts: { a: server(1), b: server(2, more) } });
}

/** The workers of server `b`. */
export function withWorkers(workers: Readonly<Record<string, WorkerOptions>>): Environment {
  return clusterOf({ b: workers });
}

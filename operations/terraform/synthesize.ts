import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "../base/child-process";
import { Failure, oneLine, moreAbove } from "../base/failure";
import type { Project } from "./project";

/**
 * Synthesizes the project as `cdktf synth` does, by the command of its `cdktf.json`.
 *
 * @param env the whole environment of that command, but for the folder that it writes to
 * @returns the folder of the stack, where Terraform runs
 */
export async function synthesize(
  project: Project,
  stack: string,
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<string> {
  const result = await runChild(project.app, [], {
    cwd: project.folder,
    env: { ...env, CDKTF_OUTDIR: project.output },
    shell: true,
  });
  if (result.code !== 0) {
    const { summary, detail } = explainSynthesis(result.stderr);
    throw new Failure(
      `the project can't be synthesized: ${summary ?? `${project.app} ended with exit code ${result.code ?? "unknown"}`}`,
      "correct it until `npx cdktf synth` succeeds",
      { detail },
    );
  }
  return folderOf(project, stack);
}

/** What CDKTF's validation reported, `[stack] field: problem` in each line; else the error that was thrown. */
export function explainSynthesis(stderr: string): { summary?: string; detail: string[] } {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !/^\s+at /.test(line));
  const problems = lines.flatMap((line) => /^\s+\[[^\]]+\] (.+)$/.exec(line)?.[1] ?? []);
  const [first] = problems;
  if (first === undefined) return { summary: lines.find((line) => /^\w*Error: /.test(line)), detail: lines };
  return {
    summary: `${first}${moreAbove(problems.length - 1)}`,
    detail: problems.length === 1 ? [] : problems,
  };
}

function folderOf(project: Project, stack: string): string {
  const file = join(project.output, "manifest.json");
  let stacks: Record<string, { workingDirectory: string }>;
  try {
    ({ stacks } = JSON.parse(readFileSync(file, "utf8")) as { stacks: typeof stacks });
  } catch (error) {
    throw new Failure(`can't read ${file}: ${oneLine(error)}`, "check that `npx cdktf synth` writes it", {
      cause: error,
    });
  }
  const found = stacks[stack];
  if (found === undefined) {
    throw new Failure(
      `the project declares no stack ${stack}, only ${Object.keys(stacks).join(", ") || "none"}`,
      "add a CitusStack for it in main.ts, as for the others",
    );
  }
  return join(project.output, found.workingDirectory);
}

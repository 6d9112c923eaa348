import { Argument, type Command } from "commander";
import { type Cluster, describeCluster } from "../../../model/cluster";
import { findProject, listEnvironments, readEnvironment } from "../../terraform/project";
import { type Knowledge, findCandidates } from "./candidates";
import { SHELLS, type Shell, completionScript } from "./scripts";

const HELP = `
It completes commands, options, environments and nodes of the project that you are in. In a clone, where the
command is npx pg-dist, also: alias pg-dist='npx pg-dist'

Examples:
  source <(npx pg-dist completion bash)      in ~/.bashrc
  source <(npx pg-dist completion zsh)       in ~/.zshrc, after compinit
  npx pg-dist completion fish | source       in ~/.config/fish/config.fish`;

/** `pg-dist completion SHELL`, and the hidden command that its script calls. */
export function addCompletion(program: Command): void {
  program
    .command("completion")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .description("Print the script that makes a shell complete this command line.")
    .addHelpText("after", HELP)
    .action((shell: Shell) => {
      const [node, file] = process.argv as [string, string];
      process.stdout.write(completionScript(shell, [node, file]));
    });
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .action((words: readonly string[]) => {
      for (const { word, description } of findCandidates(program, words, knowledge)) {
        process.stdout.write(`${word}\t${description}\n`);
      }
    });
}

/** A name that is being typed, or a file amid an edit, is no reason for an error message in the prompt. */
const knowledge: Knowledge = {
  environments: () => orNothing(() => listEnvironments(findProject())),
  hosts: (environment) => orNothing(() => clusterOf(environment).hosts.map(({ id }) => id)),
  nodes: (environment) => orNothing(() => clusterOf(environment).nodes.map(({ id }) => id)),
};

function clusterOf(environment: string): Cluster {
  return describeCluster(readEnvironment(findProject(), environment).environment);
}

function orNothing(list: () => readonly string[]): readonly string[] {
  try {
    return list();
  } catch {
    return [];
  }
}

/** Shells whose completion there is a script for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof SHELLS)[number];

/**
 * The script that a shell reads at its start. It asks the program itself at each completion, as only that knows the
 * project's environments and nodes.
 *
 * @param program how the program is started, from any folder and whatever name it is called by
 */
export function completionScript(shell: Shell, program: readonly string[]): string {
  const ask = `${program.map(quote).join(" ")} __complete --`;
  return { bash: bash(ask), zsh: zsh(ask), fish: fish(ask) }[shell];
}

/** The same in all three shells. */
function quote(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

const bash = (ask: string) => `# In ~/.bashrc:  source <(npx pg-dist completion bash)
_pg_dist() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(${ask} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _pg_dist pg-dist
`;

const zsh = (ask: string) => `#compdef pg-dist
# In ~/.zshrc, after compinit:  source <(npx pg-dist completion zsh)
_pg_dist() {
  local line
  local -a found
  while IFS= read -r line; do
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <(${ask} "\${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe 'pg-dist' found
}
compdef _pg_dist pg-dist
`;

const fish = (ask: string) => `# In ~/.config/fish/config.fish:  npx pg-dist completion fish | source
function __pg_dist_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  ${ask} $words[2..-1] "$current" 2>/dev/null
end
complete -c pg-dist -f -a '(__pg_dist_complete)'
`;

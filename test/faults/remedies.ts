import type { FaultCluster } from "./cluster";

/** What an error tells its reader to do before he applies again. */
export interface Remedy {
  readonly name: "apply again" | "start it or put it back" | "recover" | "wipe";
  /** Of the output, or a heading of docs/troubleshooting.md. */
  readonly says: RegExp;
  carryOut(cluster: FaultCluster, output: string): Promise<unknown>;
}

/**
 * The last line of our own programs: cause and remedy. Not the one that asks for a report, nor Citus' answer to a program
 * that did not wait for the metadata of the other nodes, which no fault explains.
 */
const OWN = /pg-dist: (?!unexpected error)(?![^\n]*is out of sync)[^\n]+: [^\n]+/;

const REMEDIES: readonly Remedy[] = [
  {
    name: "recover",
    says: /container name "?\S+"? is already in use|network with name \S+ already exists|timeout while waiting/i,
    carryOut: (cluster) => cluster.recover(),
  },
  {
    name: "start it or put it back",
    says: /pg-dist: [^\n]*(start it|its container runs|the server there runs|start the container)/,
    carryOut: async (cluster, output) => {
      if ((await cluster.startStopped()) > 0) return;
      const targets = withoutFrames(output).match(/-target=docker_container\."[\w-]+"/g);
      if (targets !== null)
        return cluster.finish(
          cluster.apply(...new Set(targets.map((target) => target.replaceAll('"', "")))),
          "apply of what is gone",
        );
      if (!/put it back/.test(withoutFrames(output))) return;
      await cluster.putBack([...output.matchAll(/(\S+\/\S+): it does not answer/g)].map(([, id = ""]) => id));
    },
  },
  {
    name: "wipe",
    says: /pg-dist: [^\n]*it is not empty[^\n]*add \S+ \S+ --wipe/,
    carryOut: async (cluster, output) => {
      const ids = [...withoutFrames(output).matchAll(/(\S+\/\S+): it is not empty/g)].map(
        ([, id = ""]) => id,
      );
      for (const id of new Set(ids)) await cluster.wipe(id);
    },
  },
  {
    name: "apply again",
    says: new RegExp(
      [
        OWN.source,
        // Of Terraform and its providers, as docs/troubleshooting.md has them.
        "Cannot connect to the Docker daemon|dial-stdio|Connection (timed out|closed|reset)|error during connect",
        "Error acquiring the state lock",
      ].join("|"),
    ),
    carryOut: async () => undefined,
  },
];

export function remedyFor(output: string): Remedy | undefined {
  const plain = withoutFrames(output);
  return REMEDIES.find(({ says }) => says.test(plain));
}

export function saysWhatToDo(output: string): boolean {
  return remedyFor(output) !== undefined;
}

/** Terraform frames errors with a bar, and breaks their lines. */
function withoutFrames(output: string): string {
  return output.replace(/^[│╷╵] ?/gm, "");
}

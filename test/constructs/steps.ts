import type { Block } from "../synthesis";

interface Provisioner {
  readonly "local-exec": { readonly when?: string; readonly command: string };
}

/** The provisioners of a step, each as its moment and the operation of the program that it runs, without its file names. */
export function operationsOf({ provisioner }: Block): string[] {
  return (provisioner as Provisioner[]).map(({ "local-exec": { when = "create", command } }) =>
    [when, ...command.split(" ").slice(2)].join(" ").replace(/--expect [0-9a-f]{12}/, "--expect <digest>"),
  );
}

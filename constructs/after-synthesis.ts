import { join } from "node:path";
import { TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";

/**
 * Has something done in the synthesized stack's folder, where Terraform runs and from which a remote run starts. By the
 * stack's synthesizer, since cdktf keeps its own hook for it (addCustomSynthesis) to itself.
 */
export function afterSynthesis(scope: IConstruct, work: (folder: string) => void): void {
  const stack = TerraformStack.of(scope);
  const inner = stack.synthesizer;
  stack.synthesizer = {
    synthesize: (session) => {
      inner.synthesize(session);
      work(join(session.outdir, session.manifest.forStack(stack).workingDirectory));
    },
  };
}

import type { Construct, IConstruct } from "constructs";
import { TerraformStack } from "cdktf";
import type { Environment } from "../model/environment";
import { findConflicts, findProblems } from "../model/validation/validation";

/** The environments of an app by its root, so that the problems of all of them are reported in one go. */
const declared = new WeakMap<IConstruct, Map<IConstruct, () => Environment>>();

/**
 * Has the environment checked at synth, together with all others of the app. A stack declares its own only once: what
 * stands inside a stack that did already is checked with it.
 */
export function validateEnvironment(scope: Construct, environment: () => Environment): void {
  const root = scope.node.root;
  const environments = declared.get(root) ?? new Map<IConstruct, () => Environment>();
  declared.set(root, environments);
  if (environments.has(TerraformStack.of(scope))) return;
  environments.set(scope, environment);
  scope.node.addValidation({
    validate: () => {
      const all = [...environments.values()].map((each) => each());
      return [...all.flatMap(findProblems), ...findConflicts(all)].map(
        ({ environment: name, field, problem }) => `${name}: ${field}: ${problem}`,
      );
    },
  });
}

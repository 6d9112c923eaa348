import { hostOfResource } from "../../../model/contract/resource";
import type { ReviewRecord } from "../../observe/review/review-record";
import type { Change } from "./progress";

/** What was applied. */
export interface Applied {
  readonly file: string;
  readonly record: ReviewRecord;
  readonly changes: readonly Change[];
  readonly seconds: number;
}

/** The outcome for a script, as schemas/apply.json has it. */
export function describeApply({ file, record, changes, seconds }: Applied): object {
  const { environment, cluster, plan: sha256, terraform, reviewedAt, allowed } = record;
  return {
    environment,
    cluster,
    plan: { file, sha256, terraform, reviewedAt },
    allowed,
    changes: changes.map(({ address, resource, action, seconds: took }) => ({
      address,
      kind: resource.kind,
      node: "node" in resource ? resource.node : null,
      host: hostOfResource(resource) ?? null,
      action,
      seconds: took,
    })),
    seconds: Math.round(seconds * 10) / 10,
  };
}

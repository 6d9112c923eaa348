import { isCoordinatorId } from "../../../model/contract/node-id";
import type { Caller } from "../../base/caller/caller";
import type { Failure } from "../../base/failure";
import { foresee } from "../../change/foresee";
import { type TargetFlags, findTarget, openTarget } from "../../cli/target";
import { asFailure } from "../../cluster/connection/report";
import { withStatementTimeout } from "../../cluster/connection/statement-timeout";
import type { Connected } from "../../cluster/connection/target";
import { WrongCoordinator } from "../../cluster/nodes/check-coordinator";
import { limitNodeConnections } from "../../cluster/nodes/reachability";
import { fingerprintOf } from "../../observe/review/fingerprint";
import type { LiveFacts } from "../../observe/review/live-facts";
import type { PlanReview } from "../../observe/review/review";
import type { Live } from "../../observe/review/review-record";

export interface AskFlags extends Pick<TargetFlags, "via" | "timeout"> {
  readonly planOnly?: true;
}

/** How long one question may take: what depends on shards is looked for in their whole catalogue. In milliseconds. */
const QUESTION_MS = 60_000;

/** The running cluster, for a review. One that can't be asked is no error: the report says why it wasn't. */
export class AskedCluster {
  private constructor(
    private readonly environment: string,
    private readonly target: Connected | undefined,
    /** Why there is no session; undefined where it was not to be asked. */
    private readonly failure: Failure | undefined,
  ) {}

  static async open(environment: string, flags: AskFlags, caller: Caller): Promise<AskedCluster> {
    if (flags.planOnly === true) return new AskedCluster(environment, undefined, undefined);
    try {
      const target = await openTarget(findTarget(environment, flags, caller), "review", "read");
      await limitNodeConnections(target.session);
      return new AskedCluster(environment, target, undefined);
    } catch (error) {
      return new AskedCluster(environment, undefined, asFailure(error));
    }
  }

  async end(): Promise<void> {
    await this.target?.session.end();
  }

  /** What an apply of the plan compares the cluster with. To be asked before the plan: what changes from then on has changed since. */
  async forApply(): Promise<Live> {
    if (this.failure !== undefined) return { kind: "unanswered", cause: this.failure.summary };
    if (this.target === undefined) return { kind: "left-out" };
    try {
      return { kind: "asked", fingerprint: await fingerprintOf(this.target) };
    } catch (error) {
      return { kind: "unanswered", cause: asFailure(error).summary };
    }
  }

  /** What it says of the change. */
  async about({ impact: { nodes }, cluster }: PlanReview): Promise<LiveFacts> {
    const { failure, target } = this;
    if (failure instanceof WrongCoordinator) {
      const doubt = { what: failure.summary, remedy: failure.remedy };
      return { asked: false, because: "another server answered than its coordinator", doubts: [doubt] };
    }
    if (nodes.some(({ id, fate }) => isCoordinatorId(id) && fate === "joins"))
      return { asked: false, because: "it doesn't run yet", doubts: [] };
    if (target === undefined)
      return { asked: false, because: failure?.summary ?? "--plan-only was given", doubts: [] };
    const ids = (...fates: readonly string[]) =>
      nodes.filter(({ fate }) => fates.includes(fate)).map(({ id }) => id);
    const intended = { leaving: ids("leaves"), stopping: ids("data-lost", "leaves", "replaced") };
    const { session, doubts, caller } = target;
    try {
      const foresight = await withStatementTimeout(session, QUESTION_MS, () =>
        foresee(session, cluster, intended, caller),
      );
      return { asked: true, foresight, doubts };
    } catch (error) {
      return { asked: false, because: asFailure(error).summary, doubts };
    }
  }
}

import { isCoordinatorId } from "../../../model/contract/node-id";
import { type Cluster, formatEndpoint } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import type { Failure } from "../../base/failure";
import { foresee } from "../../change/foresee";
import { findRemovedBefore } from "../../change/removal/removed-before";
import { type TargetFlags, findTarget, openTarget } from "../../cli/target";
import { coordinatorOf } from "../../cluster/cluster-file";
import { CoordinatorUnreachable } from "../../cluster/connection/connect";
import { asFailure } from "../../cluster/connection/report";
import { withStatementTimeout } from "../../cluster/connection/statement-timeout";
import type { Connected } from "../../cluster/connection/target";
import type { Foresight } from "../../cluster/moving/foresight";
import { WrongCoordinator } from "../../cluster/nodes/check-coordinator";
import { limitNodeConnections } from "../../cluster/nodes/reachability";
import { fingerprintOf } from "../../observe/review/fingerprint";
import { findLacking } from "../../observe/review/lacking";
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
  /** What was asked while the plan was made, for the workers that the environment no longer has. */
  private ahead: { readonly leaving: readonly string[]; readonly foresight: Promise<Foresight> } | undefined;

  /** Ids of the nodes that are registered. */
  private registered: readonly string[] = [];

  private constructor(
    private readonly target: Connected | undefined,
    /** Why there is no session; undefined where it was not to be asked. */
    private readonly failure: Failure | undefined,
  ) {}

  static async open(environment: string, flags: AskFlags, caller: Caller): Promise<AskedCluster> {
    if (flags.planOnly === true) return new AskedCluster(undefined, undefined);
    try {
      const target = await openTarget(findTarget(environment, flags, caller), "review", "read");
      await limitNodeConnections(target.session);
      return new AskedCluster(target, undefined);
    } catch (error) {
      return new AskedCluster(undefined, asFailure(error));
    }
  }

  async end(): Promise<void> {
    await this.ahead?.foresight.catch(() => undefined);
    await this.target?.session.end();
  }

  /**
   * What an apply of the plan compares the cluster with. To be asked before the plan: what changes from then on has changed
   * since. What `about` needs is asked from then on, while the plan is made.
   *
   * @param cluster as it is wanted
   */
  async beforePlan(cluster: Cluster): Promise<Live> {
    if (this.failure !== undefined) return { kind: "unanswered", cause: this.failure.summary };
    if (this.target === undefined) return { kind: "left-out" };
    try {
      const fingerprint = await fingerprintOf(this.target);
      this.registered = fingerprint.nodes.map(({ id }) => id);
      const leaving = this.registered.filter(
        (id) => id.includes("/") && !cluster.nodes.some((node) => node.id === id),
      );
      this.ahead = { leaving, foresight: ask(this.target, cluster, leaving) };
      // Whoever awaits it meets its error.
      this.ahead.foresight.catch(() => undefined);
      return { kind: "asked", fingerprint };
    } catch (error) {
      return { kind: "unanswered", cause: asFailure(error).summary };
    }
  }

  /**
   * Workers whose volumes go and that nobody empties, since an earlier apply has done that: it removed them from the cluster,
   * and ended before Terraform came to their containers.
   */
  async removedBefore({ impact: { nodes }, cluster }: PlanReview): Promise<readonly string[]> {
    const { target } = this;
    const lost = nodes.filter(({ fate }) => fate === "data-lost");
    const isWhole = lost.some(({ id }) => isCoordinatorId(id));
    if (target === undefined || target.doubts.length > 0 || lost.length === 0 || isWhole) return [];
    await this.ahead?.foresight.catch(() => undefined);
    const ids = lost.filter(({ newVolume }) => !newVolume).map(({ id }) => id);
    const { session, caller } = target;
    const ask = () => findRemovedBefore(session, cluster, ids, caller);
    return withStatementTimeout(session, QUESTION_MS, ask).catch(() => []);
  }

  /** What it says of the change. */
  async about({ impact: { nodes }, cluster }: PlanReview): Promise<LiveFacts> {
    const { failure, target } = this;
    if (failure instanceof WrongCoordinator) {
      const doubt = { what: failure.summary, remedy: failure.remedy };
      return { asked: false, because: "the server that answered is not its coordinator", doubts: [doubt] };
    }
    if (target === undefined) {
      const isNew = nodes.some(({ id, fate }) => isCoordinatorId(id) && fate === "joins");
      const silent =
        failure !== undefined && !(failure instanceof CoordinatorUnreachable && failure.answered);
      const because = isNew && silent ? "it is not running yet" : failure?.summary;
      return { asked: false, because: because ?? "--plan-only was given", doubts: [] };
    }
    const ids = (...fates: readonly string[]) =>
      nodes.filter(({ fate }) => fates.includes(fate)).map(({ id }) => id);
    const stopping = ids("data-lost", "leaves", "replaced");
    const published = coordinatorOf(cluster).published;
    const at = published ? { host: published.ip, port: published.port } : target.coordinator;
    const lacking = findLacking(nodes, this.registered, formatEndpoint(at));
    const facts = { doubts: target.doubts, ...(lacking === undefined ? {} : { lacking }) };
    try {
      const foresight = await this.foresightOf(target, cluster, ids("leaves"));
      const sessions = [...foresight.sessions].filter(([node]) => stopping.includes(node));
      return { asked: true, foresight: { ...foresight, sessions: new Map(sessions) }, ...facts };
    } catch (error) {
      return { asked: false, because: asFailure(error).summary, ...facts };
    }
  }

  private async foresightOf(
    target: Connected,
    cluster: Cluster,
    leaving: readonly string[],
  ): Promise<Foresight> {
    const { ahead } = this;
    const isSame =
      ahead?.leaving.length === leaving.length && leaving.every((id) => ahead.leaving.includes(id));
    if (ahead !== undefined && isSame) return ahead.foresight;
    // One session, one question at a time.
    await ahead?.foresight.catch(() => undefined);
    return ask(target, cluster, leaving);
  }
}

function ask(
  { session, caller }: Connected,
  cluster: Cluster,
  leaving: readonly string[],
): Promise<Foresight> {
  return withStatementTimeout(session, QUESTION_MS, () => foresee(session, cluster, leaving, caller));
}

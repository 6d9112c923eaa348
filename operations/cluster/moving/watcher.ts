import type { Member } from "../nodes/leaving-members";
import { COORDINATOR_GROUP } from "../nodes/registered";
import { limitNodeConnections } from "../nodes/reachability";
import { runOnNodes } from "../nodes/run-on-nodes";
import type { Session } from "../connection/session";
import type { LockWait } from "../waits/lock-waits";
import { gpidOf, openWatch, readWaits } from "../waits/read-waits";

/** A node that shards are moved from or to. */
export type MovingNode = Pick<Member, "nodeid" | "groupid" | "label" | "endpoint">;

/** What holds a move up. */
export interface Sight {
  /** Locks that it waits for, on whichever node, the longest wait first. */
  readonly waits: readonly LockWait[];
  /** How often the target failed to apply what changed meanwhile, by the name of the subscription. */
  readonly applyErrors: ReadonlyMap<string, number>;
}

/** As Citus names the subscriptions of moves. PostgreSQL 14 doesn't count their errors. */
const APPLY_ERRORS = `SELECT coalesce(json_object_agg(subname, apply_error_count), '{}')::text
  FROM pg_stat_subscription_stats WHERE subname LIKE 'citus\\_shard\\_move\\_%'`;

/**
 * Looks at what a move waits for. Much of that is in no view of Citus: to make its replication slot a walsender of the
 * source waits for every transaction of that server which has written, in whatever database.
 */
export class MoveWatcher {
  private constructor(
    private readonly session: Session,
    private readonly gpid: number,
    private readonly countsErrors: boolean,
  ) {}

  /** @param mover the session that moves */
  static async start(mover: Session): Promise<MoveWatcher> {
    const gpid = await gpidOf(mover);
    const session = await openWatch(mover);
    await limitNodeConnections(session);
    const [stats] = await session.query<{ there: boolean }>(
      "SELECT to_regclass('pg_catalog.pg_stat_subscription_stats') IS NOT NULL AS there",
    );
    return new MoveWatcher(session, gpid, stats?.there === true);
  }

  end(): Promise<void> {
    return this.session.end();
  }

  /** @param nodes source and target; the coordinator, which carries the move out, is looked at anyway */
  async look(nodes: { readonly source: MovingNode; readonly target: MovingNode }): Promise<Sight> {
    const workers = [nodes.source, nodes.target].filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
    return {
      waits: await readWaits(this.session, this.gpid, workers),
      applyErrors: await this.applyErrors(nodes.target),
    };
  }

  private async applyErrors(target: MovingNode): Promise<ReadonlyMap<string, number>> {
    if (!this.countsErrors) return new Map();
    let text: string | null | undefined;
    if (target.groupid === COORDINATOR_GROUP) {
      const [row] = await this.session.query<{ coalesce: string }>(APPLY_ERRORS);
      text = row?.coalesce;
    } else {
      const [answer] = await runOnNodes(this.session, [target.endpoint], [APPLY_ERRORS]);
      if (answer !== undefined && "value" in answer) text = answer.value;
    }
    return new Map(Object.entries(JSON.parse(text ?? "{}") as Record<string, number>));
  }
}
